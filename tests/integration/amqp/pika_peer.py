#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Another client, for peers_test.cpp.

pika_peer.py answer <url> <queue> <count> takes messages of the queue, prints what pika read of their headers, each on a
line, and sends each, as pika writes it, to the queue that its reply_to names.

pika_peer.py call <url> <queue> <count> asks the queue for answers to the numbers from 0, all before the first answer, by
direct reply-to, and prints each answer with the number that its correlation_id names, in the order of the numbers.

Without arguments it only tells by its exit status whether there is a pika.
"""

import sys

import pika


def answer(channel, queue, count):
    channel.basic_qos(prefetch_count=1)
    for taken, (method, properties, body) in enumerate(channel.consume(queue), 1):
        print(ascii(properties.headers), flush=True)
        channel.basic_publish("", properties.reply_to, body, properties)
        channel.basic_ack(method.delivery_tag)
        if taken == count:
            break
    channel.cancel()


def call(channel, queue, count):
    answers = {}

    def keep(_, method, properties, body):
        answers[int(properties.correlation_id)] = body.decode()
        if len(answers) == count:
            channel.stop_consuming()

    replies = "amq.rabbitmq.reply-to"
    channel.basic_consume(replies, keep, auto_ack=True)
    for number in range(count):
        properties = pika.BasicProperties(reply_to=replies, correlation_id=str(number))
        channel.basic_publish("", queue, str(number), properties)
    channel.start_consuming()
    for number, text in sorted(answers.items()):
        print(number, text)


def main(what, url, queue, count):
    connection = pika.BlockingConnection(pika.URLParameters(url))
    {"answer": answer, "call": call}[what](connection.channel(), queue, int(count))
    connection.close()


if __name__ == "__main__" and len(sys.argv) > 1:
    main(*sys.argv[1:])
