# SPDX-License-Identifier: MIT
"""The module select, with eventlet's get_fileno()."""

import select as _stdlib

from tendril.eventlet import green  # noqa: F401

globals().update({name: value for name, value in vars(_stdlib).items() if not name.startswith("__")})


def get_fileno(obj):
    """The number of a descriptor: itself, or what fileno() returns. TypeError for anything else."""
    if not isinstance(obj, int):
        fileno = getattr(obj, "fileno", None)
        if fileno is None:
            raise TypeError(f"expected a descriptor or an object with fileno(); this is {obj!r}")
        obj = fileno()
    if not isinstance(obj, int):
        raise TypeError(f"expected a descriptor's number; this is {obj!r}")
    return obj
