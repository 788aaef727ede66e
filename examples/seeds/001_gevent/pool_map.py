# SPDX-License-Identifier: MIT
"""A pool of two: the third starts when one of them has ended."""

from gevent.pool import Pool

pool = Pool(2)


def hello_from(_):
    print("Size of pool", len(pool))


pool.map(hello_from, range(3))
