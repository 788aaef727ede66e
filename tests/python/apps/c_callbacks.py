# SPDX-License-Identifier: MIT
"""ctypes: blocking calls of the C library, and callbacks into Python that wait while C frames lie below them."""

import ctypes
import os
import time

import scene

scene.begin()

libc = ctypes.CDLL(None, use_errno=True)
Compare = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_int), ctypes.POINTER(ctypes.c_int))


def sort(number):
    """Sorts by qsort(3), whose comparisons wait."""
    values = (ctypes.c_int * 8)(*[(number * 7 + i * 5) % 8 for i in range(8)])

    def compare(a, b):
        time.sleep(0.01)
        return a[0] - b[0]

    libc.qsort(values, len(values), ctypes.sizeof(ctypes.c_int), Compare(compare))
    return list(values)


def nested(depth):
    """Returns the depth, by a chain of calls Python, C, Python, C..."""
    if depth == 0:
        time.sleep(0.05)
        return 0
    found = []

    def compare(a, b):
        if not found:
            found.append(nested(depth - 1) + 1)
        return 0

    values = (ctypes.c_int * 2)(1, 2)
    libc.qsort(values, 2, ctypes.sizeof(ctypes.c_int), Compare(compare))
    return found[0]


def main():
    with scene.at_once("200 in poll(2)"):
        scene.together(lambda _: libc.poll(None, 0, int(scene.WAIT * 1000)))
    with scene.at_once("200 in usleep(3)"):
        scene.together(lambda _: libc.usleep(int(scene.WAIT * 1e6)))
    with scene.at_once("200 sorts"):
        sorted_ones = scene.together(sort)
    print("sorted:", sorted_ones == [sorted(one) for one in sorted_ones] and len(sorted_ones))
    print("nested:", scene.together(lambda _: nested(10), 20) == [10] * 20)
    reader, writer = os.pipe()

    def read(_):
        buffer = ctypes.create_string_buffer(10)
        count = libc.read(reader, buffer, 10)
        return buffer.raw[:count]

    def hand(number):
        if number == 0:
            return read(0)
        time.sleep(0.1)
        return libc.write(writer, b"hello", 5)

    print("piped:", scene.together(hand, 2))

    def bad(_):
        ctypes.set_errno(0)
        libc.read(ctypes.c_int(-1), None, 0)
        time.sleep(0.01)
        return ctypes.get_errno()

    print("errno:", set(scene.together(bad, 20)))


main()
