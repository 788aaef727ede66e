# SPDX-License-Identifier: MIT
"""MySQLdb: two hundred threads that wait in MariaDB, large rows, interrupts, bad peers."""

import os

import scene

scene.begin()

import MySQLdb  # noqa: E402


def connect(port=None):
    """Returns a new connection."""
    return MySQLdb.connect(
        host="127.0.0.1",
        port=port or int(os.environ["TENDRIL_TEST_MARIADB_PORT"]),
        user=os.environ["TENDRIL_TEST_MARIADB_USER"],
        password=os.environ["TENDRIL_TEST_MARIADB_PASSWORD"],
        database="tendril",
        connect_timeout=2,
    )


def ask(query, *values):
    """Returns the rows, by a connection of its own."""
    connection = connect()
    try:
        cursor = connection.cursor()
        cursor.execute(query, values)
        return cursor.fetchall()
    finally:
        connection.close()


def main():
    with scene.at_once("200 sleep in the server"):
        rows = scene.together(lambda number: ask("select %s, sleep(%s)", number, scene.WAIT))
    print("rows:", [row[0][0] for row in rows] == list(range(scene.MANY)))

    large = scene.together(lambda number: ask("select repeat(char(%s), 500000)", 65 + number), 20)
    print("large rows:", [bytes(row[0][0]) for row in large] == [b"%c" % (65 + n) * 500000 for n in range(20)])

    setup = connect()
    setup.cursor().execute("create table counter (n int) engine=innodb")
    setup.cursor().execute("insert into counter values (0)")
    setup.commit()

    def add(_):
        connection = connect()
        for _ in range(10):
            cursor = connection.cursor()
            cursor.execute("select n from counter for update")
            cursor.execute("update counter set n = %s", (cursor.fetchone()[0] + 1,))
            connection.commit()
        connection.close()

    scene.together(add, 20)
    print("counted under row locks:", ask("select n from counter")[0][0])
    setup.cursor().execute("drop table counter")
    setup.close()

    scene.interrupts(lambda: ask("select sleep(60)"))
    print("after interrupts:", ask("select 1"))
    scene.bad_peers(connect, (MySQLdb.OperationalError,))


main()
