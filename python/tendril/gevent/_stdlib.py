# SPDX-License-Identifier: MIT
"""Takes over a module of the standard library, which cooperates after tendril.patch()."""

from tendril import unpreempted


def take(module, into):
    """Puts the module's names into the namespace `into`, which keeps its own. Patches first."""
    unpreempted.patch()
    for name in dir(module):
        if not (name.startswith("__") and name.endswith("__")) and name not in into:
            into[name] = getattr(module, name)
    return [name for name in getattr(module, "__all__", ()) if name in into] or \
        [name for name in dir(module) if not name.startswith("_")]
