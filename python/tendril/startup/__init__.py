# SPDX-License-Identifier: MIT
"""How `tendril run` gets into an interpreter, before the program's first line.

It leaves its settings in the environment, and puts this folder first into PYTHONPATH; in it lies a sitecustomize, which
the interpreter imports at its start. That takes both out again, so that children stay plain unless they are asked for,
goes on to the sitecustomize that would have been found, and sets up what the settings say.
"""

import dataclasses
import json
import os

VARIABLE = "TENDRIL_PYTHON_RUN"


@dataclasses.dataclass
class Settings:
    """What the program is started with."""

    patch: bool = True
    classes: str = "all"
    without: str = ""
    as_name: str = ""  # gevent, eventlet
    children: bool = False
    report: str = ""  # a file; "-": standard error
    watch_ms: int = 0
    process: int = 0  # the one that is meant, unless `children`
    path: str = None  # PYTHONPATH as it was


def folder():
    """The folder of our sitecustomize."""
    return os.path.dirname(os.path.abspath(__file__))


def environment(settings):
    """The environment that brings the settings to a program which this process becomes."""
    found = dict(os.environ)
    settings.process = os.getpid()
    settings.path = found.get("PYTHONPATH")
    found["PYTHONPATH"] = folder() + (os.pathsep + settings.path if settings.path else "")
    found[VARIABLE] = json.dumps(dataclasses.asdict(settings))
    return found


def take_settings():
    """The settings that were left for this process, or None. They are taken out unless they are for children too."""
    text = os.environ.get(VARIABLE)
    if not text:
        return None
    settings = Settings(**json.loads(text))
    if not settings.children:
        del os.environ[VARIABLE]
        if settings.path is None:
            os.environ.pop("PYTHONPATH", None)
        else:
            os.environ["PYTHONPATH"] = settings.path
    return settings if settings.children or settings.process == os.getpid() else None


def _write_report(settings, process):
    import sys

    import tendril
    if os.getpid() != process:
        return
    text = f"tendril run: {' '.join(sys.orig_argv)}, process {process}\n{tendril.patch_report()}"
    if settings.report == "-":
        sys.stderr.write(text)
    else:
        with open(settings.report, "a", encoding="utf-8") as file:
            file.write(text)


def begin(settings):
    """Sets up what the settings say. Raises what patch() raises."""
    import tendril
    if settings.as_name:
        from tendril import alias
        alias.install(settings.as_name)
    if settings.patch:
        tendril.patch(settings.classes, without=settings.without)
    if settings.watch_ms:
        tendril.set_blocking_watch(settings.watch_ms / 1000)
    if settings.report:
        import atexit
        atexit.register(_write_report, settings, os.getpid())
