# SPDX-License-Identifier: MIT
"""gevent.local: attributes of one's own for each green thread."""

from _thread import _local

__all__ = ["local"]


class local(_local):
    """Each green thread sees its own attributes; a subclass's __init__ is called in each that uses one."""

    def __copy__(self):
        made = type(self).__new__(type(self))
        made.__dict__.update(self.__dict__)
        return made
