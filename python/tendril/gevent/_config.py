# SPDX-License-Identifier: MIT
"""gevent.config: gevent's settings, kept so that programs can read and set them; tendril has no use for most."""

import os


def validate_bool(value):
    """A bool of 1, 0, true, false, yes, no, on, off."""
    if isinstance(value, str):
        text = value.strip().lower()
        if text in ("1", "true", "on", "yes"):
            return True
        if text in ("0", "false", "off", "no", ""):
            return False
        raise ValueError(f"Invalid boolean string: {value!r}")
    return bool(value)


class Config:
    """Attributes: each may be set."""

    def __init__(self):
        self.resolver = "thread"
        self.threadpool_size = 10
        self.threadpool_idle_task_timeout = 5
        self.loop = "tendril"
        self.libev_backend = None
        self.fileobject = "posix"
        self.trace_malloc = False
        self.track_greenlet_tree = True
        self.monitor_thread = False
        self.max_blocking_time = 0.1
        self.memory_monitor_period = 5
        self.max_memory_usage = None
        self.debug = validate_bool(os.environ.get("GEVENT_DEBUG", "0")) if \
            os.environ.get("GEVENT_DEBUG", "0").lower() in ("0", "1", "true", "false") else False
        self.print_blocking_reports = True
        self.disable_watch_children = False
        self.ares_servers = None
        self.dns_timeout = None
        self.settings = {}


config = Config()
