#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Another client, for peers_test.cpp: pika_peer.py <url> <queue> <count> takes messages of the queue, prints what pika
read of their headers, each on a line, and sends each, as pika writes it, to the queue that its reply_to names.

Without arguments it only tells by its exit status whether there is a pika.
"""

import sys

import pika


def main(url, queue, count):
    connection = pika.BlockingConnection(pika.URLParameters(url))
    channel = connection.channel()
    channel.basic_qos(prefetch_count=1)
    taken = 0
    for method, properties, body in channel.consume(queue):
        print(ascii(properties.headers), flush=True)
        channel.basic_publish("", properties.reply_to, body, properties)
        channel.basic_ack(method.delivery_tag)
        taken += 1
        if taken == int(count):
            break
    channel.cancel()
    connection.close()


if __name__ == "__main__" and len(sys.argv) > 1:
    main(*sys.argv[1:])
