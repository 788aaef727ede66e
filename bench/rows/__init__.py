# SPDX-License-Identifier: MIT
"""What bench/compare measures, in rows: each module makes the Rows of one area."""

import dataclasses
import functools
import pathlib
import tempfile
from collections.abc import Callable

import measuring


SLOW = {"gevent", "eventlet", "websockets", "GNU Pth"}  # so far behind that two rounds tell


@dataclasses.dataclass
class Figure:
    """One of the figures that a measurement returns, as a line of the table."""
    key: str          # "ns_cpu", as the measurement names it
    title: str = ""   # what the line says behind the row's title
    unit: str = "ns"
    divisor: float = 1  # of what was measured, to have it in this unit


@dataclasses.dataclass
class Row:
    """The same work on several systems. The first figure is the one that ranks."""
    key: str
    title: str
    systems: dict[str, Callable[[], dict]]  # each measures once
    base: str = "tendril"                   # whose figure is 1.00x
    figures: list[Figure] = dataclasses.field(default_factory=lambda: [Figure("ns_cpu")])
    rounds: int = 1000                      # at most: memory hardly varies, and servers take seconds
    calls: dict[str, Callable[[], dict]] = dataclasses.field(default_factory=dict)  # system calls per operation


class Context:
    """Where the programs are, which CPUs there are, and what is missing."""

    def __init__(self, build, cpus, options):
        self.build = build
        self.programs = build / "bench"
        self.cpus = cpus
        self.options = options
        self.missing = {}
        self.folder = tempfile.TemporaryDirectory()

    @functools.cached_property
    def certificate(self):
        """The files of a certificate for localhost, and of its key."""
        return measuring.certificate(pathlib.Path(self.folder.name))

    def close(self):
        self.folder.cleanup()

    def program(self, name, needs, system):
        """The path of a program of the build; None, and noted as missing, if it was not built."""
        path = self.programs / name
        return path if self.there(system, path, needs) else None

    def commands(self, systems):
        """What starts each server that is there, of {system: (command, what it needs)}: a program of the build, a script
        for Python that imports the system, or a program by its path."""
        found = {}
        for system, (command, needs) in systems.items():
            if command[0] == measuring.PYTHON:
                if measuring.has_module(system):
                    found[system] = command
                else:
                    self.lacks(system, needs)
            elif pathlib.Path(command[0]).is_absolute():
                if self.there(system, command[0], needs):
                    found[system] = command
            elif program := self.program(command[0], needs, system):
                found[system] = [program]
        return found

    def there(self, system, path, needs):
        """Whether a file is there; otherwise noted as missing."""
        if pathlib.Path(path).exists():
            return True
        self.lacks(system, needs)
        return False

    def lacks(self, system, needs):
        self.missing.setdefault(system, set()).add(needs)
