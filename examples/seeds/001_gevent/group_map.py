# SPDX-License-Identifier: MIT
"""What a group maps over starts all at once; imap keeps the order, imap_unordered does not."""

import gevent
from gevent import getcurrent
from gevent.pool import Group

group = Group()
seen = set()


def hello_from(_):
    print("Size of group", len(group))
    seen.add(id(getcurrent()))


group.map(hello_from, range(3))
print(len(seen), "green threads")


def intensive(n):
    gevent.sleep((3 - n) * 0.1)
    return "task", n


print("Ordered")
for found in Group().imap(intensive, range(3)):
    print(found)

print("Unordered")
for found in Group().imap_unordered(intensive, range(3)):
    print(found)
