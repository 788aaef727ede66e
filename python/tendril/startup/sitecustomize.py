# SPDX-License-Identifier: MIT
"""What an interpreter that `tendril run` has started imports first: see tendril.startup."""

import os
import sys


def _go_on(here):
    """Runs the sitecustomize that would have been found without this one."""
    import importlib.machinery
    import importlib.util
    sys.path[:] = [path for path in sys.path if os.path.abspath(path) != here]
    spec = importlib.machinery.PathFinder.find_spec(__name__)
    if spec is not None:
        module = importlib.util.module_from_spec(spec)
        sys.modules[__name__] = module
        spec.loader.exec_module(module)


def _begin(here):
    home = os.path.dirname(os.path.dirname(here))
    added = home not in sys.path
    if added:
        sys.path.append(home)  # the package may have been found by the folder that the first program lay in
    try:
        from tendril import startup
        settings = startup.take_settings()
        if settings is not None:
            startup.begin(settings)
    except Exception as error:
        sys.stderr.write(f"tendril run: {error}\n")
        sys.stderr.flush()
        os._exit(126)
    finally:
        if added:
            sys.path.remove(home)


_here = os.path.dirname(os.path.abspath(__file__))
_go_on(_here)
_begin(_here)
