# SPDX-License-Identifier: MIT
"""dump(): what every green thread is doing; and the blocking watch, which reports those that let no other run."""

import sys
import threading
import traceback

from tendril import _tendril


def _name(entry):
    greenlet, frame = entry["greenlet"], entry["frame"]
    thread = threading._active.get(entry["ident"]) if greenlet is None else None
    if thread is not None:
        return f"of the thread {thread.name!r}"
    name = getattr(greenlet, "name", None) or entry["name"]
    while not name and frame is not None:  # the function that it runs: the outermost frame's
        if frame.f_back is None:
            name = frame.f_code.co_qualname
        frame = frame.f_back
    kind = type(greenlet).__name__ if greenlet is not None and type(greenlet) is not _tendril.Greenlet else ""
    return " ".join(part for part in (kind, f'"{name}"' if name else "") if part)


def _headline(entry):
    parts = [f"green thread {entry['id']}"]
    if entry["kind"] == "main":
        parts.append("(main)")
    elif entry["kind"] == "hub":
        parts.append("(the hub's own)")
    elif _name(entry):
        parts.append(_name(entry))
    parts.append(entry["state"])
    if entry["waits_in"]:
        parts.append(f"in {entry['waits_in'].replace('::', '.')}")
    if entry["descriptor"] >= 0:
        parts.append(f"for descriptor {entry['descriptor']} to be {'writable' if entry['writes'] else 'readable'}")
    line = " ".join(parts)
    if entry["waits_in"]:
        line += f", for {entry['waited']:.3f} s"
    if entry["holder"]:
        line += f"; green thread {entry['holder']} holds it"
    if entry["kill_pending"]:
        line += "; a kill is on its way"
    if entry["spawner"]:
        line += f"; spawned by {entry['spawner']}"
    return line


def _python_lines(frame):
    return "".join(traceback.format_list(traceback.extract_stack(frame))) if frame is not None else ""


def dump(file=None, c_frames=False):
    """Writes every green thread of this OS thread with its state, what it waits for, and where it is in Python: the
    innermost call last, as in a traceback; with `c_frames` also the calls in C, the innermost first. `file` is
    sys.stderr unless given. Never waits.
    """
    out = sys.stderr if file is None else file
    for entry in _tendril._snapshot(c_frames):
        text = _headline(entry) + "\n" + _python_lines(entry["frame"])
        for number, call in enumerate(entry["backtrace"]):
            text += f"    #{number} {call}\n"
        out.write(text)


def _print_block(report):
    who = f"green thread {report['id']}" + (" in a callback" if report["in_callback"] else "")
    call = f" in {report['call']}()" if report["call"] else ""
    text = f"tendril: {who} has held its hub for {report['held']:.3f} s{call}; no other could run\n"
    sys.stderr.write(text + _python_lines(report["frame"]))


def set_blocking_watch(seconds, handler=None):
    """Reports each green thread that lets no other run for longer than `seconds`, by a computation or a call that
    blocks the OS thread; 0 turns it off. handler(report) is called in an OS thread of its own, with a dict: id,
    greenlet, frame, held (seconds so far), call (the system call that it waits in, or ""), in_callback, backtrace (of
    C). Without a handler it is printed to sys.stderr, with the lines of Python.
    """
    _tendril._set_blocking_watch(seconds, _print_block if handler is None else handler)
