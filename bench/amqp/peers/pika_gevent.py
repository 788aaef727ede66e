# SPDX-License-Identifier: MIT
"""The works of bench/amqp with pika's BlockingConnection under gevent; as work.hpp says."""

from gevent import monkey

monkey.patch_all()

import resource
import sys
import time

import pika


def cpu():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return 1e6 * (usage.ru_utime + usage.ru_stime)


def consume(channel, messages, prefetch):
    channel.basic_qos(prefetch_count=prefetch)
    for got, (method, _properties, _body) in enumerate(channel.consume("bench"), 1):
        channel.basic_ack(method.delivery_tag)
        if got == messages:
            break
    channel.queue_declare("bench", passive=True)


def rpc(connection, channel, messages):
    answers = []
    channel.basic_consume("amq.rabbitmq.reply-to", lambda *answer: answers.append(answer), auto_ack=True)
    properties = pika.BasicProperties(reply_to="amq.rabbitmq.reply-to", correlation_id="1")
    trips = []
    for _ in range(messages):
        start = time.monotonic()
        channel.basic_publish("", "bench.rpc", BODY, properties)
        while not answers:
            connection.process_data_events(time_limit=None)
        answers.clear()
        trips.append(1e6 * (time.monotonic() - start))
    return sorted(trips)


BODY = b"x" * 100


def main():
    work, port, messages = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    connection = pika.BlockingConnection(pika.ConnectionParameters("127.0.0.1", port))
    channel = connection.channel()
    persistent = pika.BasicProperties(delivery_mode=2)
    trips = []
    start, before = time.monotonic(), cpu()
    if work == "publish":
        for _ in range(messages):
            channel.basic_publish("bench.none", "", BODY)
        channel.queue_declare("bench", passive=True)
    elif work == "confirm-1":
        channel.confirm_delivery()
        for _ in range(messages):
            channel.basic_publish("", "bench", BODY, persistent)
    elif work in ("consume", "consume-1"):
        consume(channel, messages, 1000 if work == "consume" else 1)
    elif work == "rpc":
        trips = rpc(connection, channel, messages)
    else:  # it confirms one at a time only
        return 3
    used, wall = cpu() - before, time.monotonic() - start
    line = f"{used / messages:.4f} {messages / wall:.0f}"
    if trips:
        line += f" {trips[len(trips) // 2]:.1f} {trips[len(trips) * 99 // 100]:.1f}"
    print(line)
    return 0


if __name__ == "__main__":
    sys.exit(main())
