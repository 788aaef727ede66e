# SPDX-License-Identifier: MIT
"""sqlite3: a file that threads lock against one another, and functions in Python that SQL calls."""

import os
import sqlite3
import tempfile
import threading
import time

import scene

scene.begin()


def main():
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "file")
        with sqlite3.connect(path) as setup:
            setup.execute("create table counter (n integer)")
            setup.execute("insert into counter values (0)")

        def add(_):
            connection = sqlite3.connect(path, timeout=50, isolation_level=None)
            for _ in range(5):
                connection.execute("begin immediate")
                connection.execute("update counter set n = n + 1")
                time.sleep(0.001)
                connection.execute("commit")
            connection.close()

        scene.together(add, 10)
        print("counted:", setup.execute("select n from counter").fetchone()[0])

        def busy(_):
            connection = sqlite3.connect(path, timeout=0.2, isolation_level=None)
            return scene.said(lambda: connection.execute("begin immediate"), sqlite3.OperationalError)

        setup.execute("begin immediate")
        print("busy:", set(scene.together(busy, 5)))
        setup.commit()
        setup.close()

    shared, lock = sqlite3.connect(":memory:", check_same_thread=False), threading.Lock()
    shared.create_function("slowly", 1, lambda value: (time.sleep(0.005), value * 2)[1])

    def call(number):
        with lock:
            return shared.execute("select slowly(?)", (number,)).fetchone()[0]

    print("functions:", scene.together(call, 20) == [2 * number for number in range(20)])

    def own(number):
        connection = sqlite3.connect(":memory:")
        connection.create_function("slowly", 1, lambda value: (time.sleep(scene.WAIT), value * 2)[1])
        connection.set_progress_handler(lambda: None, 1)
        connection.create_collation("backwards", lambda a, b: (a < b) - (a > b))
        connection.execute("create table names (name text)")
        connection.executemany("insert into names values (?)", [(str(i),) for i in range(5)])
        names = connection.execute("select name from names order by name collate backwards").fetchall()
        return connection.execute("select slowly(?)", (number,)).fetchone()[0], [name for (name,) in names]

    with scene.at_once("200 that wait in a function called by SQL"):
        answers = scene.together(own)
    print("answers:", answers == [(2 * number, ["4", "3", "2", "1", "0"]) for number in range(scene.MANY)])
    print("wrong thread:", scene.together(lambda _: scene.said(setup.cursor, sqlite3.ProgrammingError), 1)[0])


main()
