# SPDX-License-Identifier: MIT
"""pika: a ring of queues, many consumers, heartbeats in a thread of their own, interrupts, bad peers."""

import os

import scene

scene.begin()

import pika  # noqa: E402
from pika.adapters.utils.connection_workflow import AMQPConnectorException  # noqa: E402

RING = 20


def connect(port=None, **options):
    """Returns a new connection."""
    port = port or int(os.environ["TENDRIL_TEST_RABBITMQ_PORT"])
    return pika.BlockingConnection(
        pika.ConnectionParameters("127.0.0.1", port, socket_timeout=2, stack_timeout=2, **options)
    )


def main():
    setup = connect()
    channel = setup.channel()
    names = [f"ring-{number}" for number in range(RING)]
    for name in names:
        channel.queue_declare(name, exclusive=False, auto_delete=False)

    def hand_on(number):
        connection = connect()
        channel = connection.channel()
        if number == 0:
            for text in range(50):
                channel.basic_publish("", names[1], str(text).encode())
        seen = []
        for method, _, body in channel.consume(names[number], auto_ack=True, inactivity_timeout=20):
            if method is None:
                break
            seen.append(int(body))
            if number != 0:
                channel.basic_publish("", names[(number + 1) % RING], body)
            if len(seen) == 50:
                break
        connection.close()
        return seen == list(range(50))

    print("round the ring, in order:", scene.together(hand_on, RING).count(True))
    for name in names:
        channel.queue_delete(name)
    setup.close()

    def wait(_):
        connection = connect()
        channel = connection.channel()
        queue = channel.queue_declare("", exclusive=True).method.queue
        method, _, _ = next(channel.consume(queue, inactivity_timeout=scene.WAIT))
        connection.close()
        return method

    with scene.at_once("100 wait for a message"):
        print("nothing came:", scene.together(wait, 100) == [None] * 100)

    def wait_long():
        connection = connect()
        channel = connection.channel()
        queue = channel.queue_declare("", exclusive=True).method.queue
        next(channel.consume(queue, inactivity_timeout=60))

    scene.interrupts(wait_long)
    last = connect()
    print("after interrupts:", last.is_open)
    last.close()
    scene.bad_peers(connect, (pika.exceptions.AMQPError, AMQPConnectorException))


main()
