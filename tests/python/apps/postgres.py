# SPDX-License-Identifier: MIT
"""psycopg2: two hundred threads that wait in PostgreSQL, large rows, COPY, notifications, interrupts, bad peers."""

import io
import select

import scene

scene.begin()

import psycopg2  # noqa: E402
import psycopg2.pool  # noqa: E402


def ask(query, *values):
    """Returns the rows, by a connection of its own."""
    connection = psycopg2.connect("")
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute(query, values)
            return cursor.fetchall()
    finally:
        connection.close()


def main():
    with scene.at_once("200 sleep in the server"):
        rows = scene.together(lambda number: ask("select %s, pg_sleep(%s)", number, scene.WAIT))
    print("rows:", [row[0][0] for row in rows] == list(range(scene.MANY)))

    large = scene.together(lambda number: ask("select repeat(chr(%s), 500000)", 65 + number), 20)
    print("large rows:", [row[0][0] for row in large] == [chr(65 + number) * 500000 for number in range(20)])

    pool = psycopg2.pool.ThreadedConnectionPool(1, 10, "")

    def by_pool(number):
        connection = pool.getconn()
        with connection, connection.cursor() as cursor:
            cursor.execute("select %s, pg_sleep(0.05)", (number,))
            answer = cursor.fetchone()[0]
        pool.putconn(connection)
        return answer

    print("pool:", sum(scene.together(by_pool, 10)))
    pool.closeall()

    with psycopg2.connect("") as connection, connection.cursor() as cursor:
        cursor.execute("create temp table numbers (n int)")
        cursor.copy_expert("copy numbers from stdin", io.StringIO("\n".join(map(str, range(100000)))))
        cursor.execute("select sum(n) from numbers")
        print("copy:", cursor.fetchone()[0])
        out = io.StringIO()
        cursor.copy_expert("copy numbers to stdout", out)
        print("copied back:", len(out.getvalue()))

    listener, sender = psycopg2.connect(""), psycopg2.connect("")
    listener.autocommit = sender.autocommit = True
    listener.cursor().execute("listen news")

    def tell(_):
        sender.cursor().execute("select pg_sleep(0.1); notify news, 'hello'")

    def hear(_):
        if not select.select([listener], [], [], 10)[0]:
            return "nothing"
        listener.poll()
        return listener.notifies.pop().payload

    print("notified:", scene.together(lambda number: (tell, hear)[number](number), 2)[1])

    def cancel(number):
        if number == 0:
            return scene.said(lambda: sender.cursor().execute("select pg_sleep(60)"), psycopg2.Error)
        ask("select pg_sleep(0.1)")
        return sender.cancel()

    print("cancelled:", scene.together(cancel, 2)[0])

    scene.interrupts(lambda: ask("select pg_sleep(60)"))
    print("after interrupts:", ask("select 1"))

    def connect(port):
        return psycopg2.connect(host="127.0.0.1", port=port, connect_timeout=2)

    scene.bad_peers(connect, (psycopg2.OperationalError,))


main()
