# SPDX-License-Identifier: MIT
"""What figures were measured on, and where they are kept."""

import datetime
import json
import os
import pathlib
import platform
import re
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent


def machine():
    """The processor, the kernel, the commit, and how busy others keep the machine."""
    with open("/proc/cpuinfo", encoding="ascii", errors="replace") as file:
        model = re.search(r"model name\s*:\s*(.*)", file.read())
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, stdout=subprocess.PIPE, text=True,
                            check=False).stdout.strip()
    return {"host": platform.node(), "kernel": platform.release(), "cpus": os.cpu_count(),
            "cpu": model[1] if model else platform.machine(), "commit": commit, "load": os.getloadavg()[0]}


def text_of(about):
    """One line."""
    return (f"{about['cpu']}, {about['cpus']} CPUs, Linux {about['kernel']}, commit {about['commit']}, load "
            f"{about['load']:.1f}")


def keep(kind, about, results):
    """Writes bench/results/<kind>-<date>-<host>.json; what the same commit has there of other rows stays."""
    where = ROOT / "bench" / "results" / f"{kind}-{datetime.date.today()}-{about['host']}.json"
    if where.exists():
        before = json.loads(where.read_text(encoding="utf-8"))
        if before["machine"]["commit"] == about["commit"]:
            results = before["results"] | results
            about = dict(about, load=max(about["load"], before["machine"]["load"]))
    where.write_text(json.dumps({"machine": about, "results": results}, indent=1) + "\n", encoding="utf-8")
    print(f"written: {where}", file=sys.stderr)
