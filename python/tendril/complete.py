# SPDX-License-Identifier: MIT
"""Types of C++ that Python completes: a subclass would cost each of its objects a second destruction."""


def complete(kind):
    """A class decorator: moves what the class has into the type `kind`, and gives its name to that.

    The class must not use super() without arguments: it is none of the type's bases.
    """
    def move(body):
        for name, value in vars(body).items():
            if name not in ("__dict__", "__weakref__"):
                setattr(kind, name, value)
        kind.__name__, kind.__qualname__ = body.__name__, body.__qualname__
        return kind

    return move
