# SPDX-License-Identifier: MIT
"""gevent.local: attributes of one's own for each green thread."""

import weakref as _weakref
from copy import copy as _copy
from _thread import _local

__all__ = ["local"]

_arguments = {}  # those of each local's __init__, by its id


class local(_local):
    """Each green thread sees its own attributes; a subclass's __init__ is called in each that uses one."""

    def __new__(cls, *args, **kwargs):
        made = super().__new__(cls, *args, **kwargs)
        if args or kwargs:
            _arguments[id(made)] = (args, kwargs)
            _weakref.finalize(made, _arguments.pop, id(made), None).atexit = False
        return made

    def __copy__(self):
        args, kwargs = _arguments.get(id(self), ((), {}))
        made = type(self)(*args, **kwargs)
        made.__dict__.update({name: _copy(value) for name, value in self.__dict__.items()})
        return made
