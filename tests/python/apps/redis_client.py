# SPDX-License-Identifier: MIT
"""redis-py: blocking pops, a pool of connections, publish and subscribe, locks, interrupts, bad peers."""

import os

import scene

scene.begin()

import redis  # noqa: E402


def client(port=None, **options):
    """Returns a client with a pool of its own."""
    return redis.Redis(port=port or int(os.environ["TENDRIL_TEST_REDIS_PORT"]), **options)


def main():
    shared = client()
    shared.flushall()
    with scene.at_once("200 wait for a list"):
        empty = scene.together(lambda number: client().blpop(f"none-{number}", scene.WAIT))
    print("nothing came:", empty == [None] * scene.MANY)

    def count(_):
        for _ in range(20):
            shared.incr("counter")

    scene.together(count)
    print("counted by one pool:", shared.get("counter"))

    def ring(number):
        following = f"ring-{(number + 1) % 50}"
        for _ in range(20):
            if number == 0:
                shared.rpush(following, "token")
            shared.blpop(f"ring-{number}", 10)
            if number != 0:
                shared.rpush(following, "token")

    scene.together(ring, 50)
    print("tokens left in the ring:", sum(shared.llen(f"ring-{number}") for number in range(50)))

    news = client().pubsub(ignore_subscribe_messages=True)
    news.subscribe("news")
    news.get_message(timeout=5)
    heard = []

    def listen(number):
        if number == 0:
            for message in news.listen():
                heard.append(message["data"])
                if len(heard) == 3:
                    return
        else:
            for text in ("one", "two", "three"):
                shared.publish("news", text)

    scene.together(listen, 2)
    print("heard:", heard)

    held = []

    def hold(number):
        with shared.lock("lock", timeout=30, sleep=0.01):
            held.append(number)
            held.append(number)

    scene.together(hold, 20)
    print("locked:", held[::2] == held[1::2], len(held))

    large = os.urandom(1 << 20)
    kept = scene.together(lambda n: client().set(f"large {n}", large) and client().get(f"large {n}") == large, 20)
    print("large values:", kept.count(True))

    scene.interrupts(lambda: client().blpop("none", 60))
    print("after interrupts:", client().ping())
    print("late answer:", scene.said(lambda: client(socket_timeout=0.2).blpop("none", 60), redis.TimeoutError))

    def connect(port):
        return client(port, socket_timeout=1, socket_connect_timeout=1).ping()

    scene.bad_peers(connect, (redis.ConnectionError, redis.TimeoutError))


main()
