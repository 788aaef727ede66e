#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
#
# Runs the commands of the documents as a newcomer would, in this checkout; .ci/run calls it first, in a fresh clone, so
# that nothing is built but what the commands build themselves.
#
#   tools/check_commands.py [--after=README.md] README.md [CONTRIBUTING.md docs/guide/1-first-green-thread.md ...]
#
# With --after, commands of that document are taken for tried.
#
# A command is a line of an `sh` fence, or inline code that begins like one. A command that is neither in RUN nor in
# ELSEWHERE is an error: say here how it is tried. The `cmake` fence of README is tried too: its lines, with a program
# from README, against what `make install` put down, and with the tree by add_subdirectory().
#
# A `console` fence is a session: lines with "$ " are typed, one after the other in one shell, and what they print must
# be the lines below them, where a line "..." stands for any lines, and "..." in a line for any characters. Programs of
# build/release that it names are built first; tendril's own are found without a path, as after an installation. A
# command that ends with "&" stays until the session ends; the next waits until somebody listens on the port of its
# line. Ports are replaced by free ones.
#
# Status 1 when anything failed; every command is tried, also after a failure.

import itertools
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.M | re.S)
INLINE = re.compile(r"`((?:make|cmake|ctest|tools/[\w.]+|build/[^\s`]+|\.ci/\w+)(?: [^`\n]*)?)`")
SERVE_URL = "http://127.0.0.1:8080/"
WAIT_SECONDS = 600  # for the build before the page, too
PROGRAMS = "build/release/programs"  # where tendril and tendril-worker are built
OPTIONAL = ("pigz",)  # sessions with these are left out where they are not installed
PORT = re.compile(r"(?<=127\.0\.0\.1[: /])\d{4,5}\b|(?<=localhost[: ])\d{4,5}\b")


def commands(text):
    """The commands that a document tells its reader to type, in order, each once."""
    found = []
    for kind, body in FENCE.findall(text):
        if kind == "sh":
            found += [re.sub(r"\s+#.*", "", line).strip() for line in body.splitlines()]
    found += [inline.strip() for inline in INLINE.findall(FENCE.sub("", text))]
    return [command for command in dict.fromkeys(found) if command]


def sessions(text):
    """The sessions that a document shows: of each, its typed lines with the lines that are shown below them."""
    found = []
    for kind, body in FENCE.findall(text):
        if kind == "console":
            parts = re.split(r"^\$ ", body, flags=re.M)
            if parts[0].strip():
                raise RuntimeError(f"a session begins with a command: {parts[0]!r}")
            found.append([(lines[0], lines[1:]) for lines in (part.splitlines() for part in parts[1:])])
    return found


def as_shown(printed, shown):
    """Whether lines are those that a document shows."""
    pattern = "".join(r"(?:.*\n)*" if line == "..." else re.escape(line).replace(re.escape("..."), ".*") + r"\n"
                      for line in shown)
    return re.fullmatch(pattern, "".join(line + "\n" for line in printed)) is not None


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return str(probe.getsockname()[1])


def with_free_ports(typed):
    """The session on ports that nobody uses."""
    taken = {}

    def another(match):
        return taken.setdefault(match[0], free_port())

    return [(PORT.sub(another, line), [PORT.sub(another, each) for each in shown]) for line, shown in typed]


def build_programs(typed):
    """What a session takes for built: its programs below build/release, and tendril's own."""
    targets = dict.fromkeys(re.findall(r"build/release/(?:\w+/)+([\w-]+)", "\n".join(line for line, _ in typed)))
    if any(re.search(r"\btendril (?:run|top|serve|--)", line) for line, _ in typed):
        targets |= dict.fromkeys(["tendril", "tendril_preload"])
    if targets:
        shell(f"cmake --build build/release --target {' '.join(targets)}", stdout=subprocess.DEVNULL)


MARK = "== the end of what a command prints =="


def attempt_session(typed):
    missing = [each for each in OPTIONAL if any(re.search(rf"\b{each}\b", line) for line, _ in typed)
               and not shutil.which(each)]
    if missing:
        print(f"not tried: no {', '.join(missing)} here")
        return
    typed = with_free_ports(typed)
    build_programs(typed)
    script = []
    for line, _ in typed:
        script.append(line)
        port = PORT.search(line)
        if line.endswith("&") and port:
            # Somebody listens there; asked of the kernel, since a server may say something to a client that only looks.
            script.append(f"until grep -qE ':{int(port[0]):04X} [0-9A-F:]+ 0A ' /proc/net/tcp /proc/net/tcp6; do")
            script.append("sleep 0.1; done")
        script.append(f"echo '{MARK}'")
    script.append("for job in $(jobs -p); do kill $job; wait $job; done 2>/dev/null; true")
    with tempfile.TemporaryFile("w+") as output:
        environment = {**os.environ, "PATH": f"{ROOT / PROGRAMS}:{os.environ['PATH']}", "LC_ALL": "C.UTF-8"}
        # A session of its own, so that nothing of it outlives a failure.
        with subprocess.Popen(["bash", "-c", "\n".join(script)], cwd=ROOT, env=environment, stdin=subprocess.DEVNULL,
                              stdout=output, stderr=subprocess.STDOUT, start_new_session=True) as process:
            try:
                process.wait(timeout=WAIT_SECONDS)
            finally:
                if process.poll() is None:
                    os.killpg(process.pid, signal.SIGKILL)
        output.seek(0)
        printed = output.read().split(MARK + "\n")
    ended = "(nothing: the session had ended)\n"
    for (line, shown), lines in itertools.zip_longest(typed, printed[:-1], fillvalue=ended):
        if not as_shown(lines.splitlines(), shown):
            raise RuntimeError(f"{line}: printed\n{lines}where the document shows\n" + "\n".join(shown))


def shell(command, **options):
    subprocess.run(["bash", "-c", command], cwd=ROOT, check=True, **options)


def serve_until_interrupted(command):
    """The page answers, and Ctrl-C ends it: SIGINT to all of the terminal's foreground group."""
    with subprocess.Popen(["bash", "-c", command], cwd=ROOT, start_new_session=True) as process:
        try:
            until = time.monotonic() + WAIT_SECONDS
            while True:
                try:
                    with urllib.request.urlopen(SERVE_URL, timeout=5) as answer:
                        page = answer.read()
                    break
                except OSError:
                    if process.poll() is not None or time.monotonic() > until:
                        raise RuntimeError(f"{SERVE_URL} does not answer") from None
                    time.sleep(0.2)
            if b"<html" not in page.lower():
                raise RuntimeError(f"{SERVE_URL} is no page: {page[:200]!r}")
            os.killpg(process.pid, signal.SIGINT)
            process.wait(timeout=60)
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
    try:
        urllib.request.urlopen(SERVE_URL, timeout=5)
    except OSError:
        return
    raise RuntimeError(f"{SERVE_URL} still answers after Ctrl-C")


def install_and_use(command):
    """Then what README says under "Use it", with the program that it shows first."""
    text = (ROOT / "README.md").read_text()
    blocks = FENCE.findall(text)
    program = next(body for kind, body in blocks if kind == "cpp")
    lines = next(body for kind, body in blocks if kind == "cmake")
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        prefix = folder / "prefix"
        shell(command.replace("PREFIX=...", f"PREFIX={prefix}"))
        build(folder / "installed", lines, program, [f"-DCMAKE_PREFIX_PATH={prefix}"])
        by_hand(folder / "by_hand", re.search(r"`(c\+\+ [^`]*)`", text)[1], program, prefix)
        in_tree = f"add_subdirectory({ROOT} tendril)\n" + "\n".join(
            line for line in lines.splitlines() if not line.startswith("find_package"))
        build(folder / "subdirectory", in_tree, program, ["-DTENDRIL_PRECOMPILE=ON"])


def build(folder, lines, program, options):
    folder.mkdir()
    (folder / "program.cpp").write_text(program)
    lines = lines.replace("target_link_libraries", "add_executable(program program.cpp)\ntarget_link_libraries", 1)
    (folder / "CMakeLists.txt").write_text(
        f"cmake_minimum_required(VERSION 3.25)\nproject(program LANGUAGES CXX)\n{lines}\n")
    ccache = "env;CCACHE_SLOPPINESS=pch_defines,time_macros;ccache"
    launcher = [f"-DCMAKE_CXX_COMPILER_LAUNCHER={ccache}"] if shutil.which("ccache") else []
    for step in (["cmake", "-G", "Ninja", "-S", folder, "-B", folder / "build", *launcher, *options],
                 ["cmake", "--build", folder / "build", "--target", "program"]):
        subprocess.run(step, check=True)
    expect_answer(folder / "build/program")


def by_hand(folder, command, program, prefix):
    folder.mkdir()
    (folder / "program.cpp").write_text(program)
    where = {"cwd": folder, "env": {**os.environ, "PREFIX": str(prefix)}}
    subprocess.run(["bash", "-c", command], check=True, **where)
    expect_answer(folder / "a.out")
    older = subprocess.run(["bash", "-c", command.replace("-std=c++20", "-std=c++17 -E")], capture_output=True, text=True,
                           **where)
    errors = [line for line in older.stderr.splitlines() if "error:" in line]
    if not errors or "tendril needs C++20" not in errors[0]:
        raise RuntimeError(f"with C++17 the first error does not name C++20: {errors[:1]}")


def expect_answer(program):
    answer = subprocess.run([program], check=True, capture_output=True, text=True, timeout=60).stdout
    if answer != "hello\nworld\n":
        raise RuntimeError(f"README's program printed {answer!r}")


def changes_nothing(command):
    before = subprocess.check_output(["git", "diff"], cwd=ROOT)
    shell(command)
    if subprocess.check_output(["git", "diff"], cwd=ROOT) != before:
        raise RuntimeError("it changed files: see git diff")


RUN = {
    "make run": shell,
    'make run ARGS="--serve"': serve_until_interrupted,
    "make bench": lambda command: shell(command + " ROUNDS=1 ONLY=tendril"),
    "make install PREFIX=...": install_and_use,
    "make python": lambda command: shell(command + " ONLY=test_exit"),  # make test runs all of them
    "make format": changes_nothing,
    "tools/exports.py --renew": changes_nothing,
    "build/reference/html/index.html": lambda page: shell(f"[ -e {page} ] || ! command -v doxygen"),  # make reference
    "make check": lambda command: shell(command + " ONLY_SAY=1"),  # make test runs the tests
    "make reference": shell,
    "make coverage": lambda command: shell("make --dry-run coverage"),  # as long as make test-dev, and nothing to pass
    "tools/check_names.py --counts": shell,
    "tools/figures.py": shell,
    "tools/setup": shell,
    "cmake --preset dev": shell,
    "cmake --build --preset dev": shell,
    "ctest --preset dev -R hub.Timers": shell,
    "build/dev/tests/hub_test --gtest_filter='Timers.*'": shell,
}

# What .ci/run does in steps of its own, or make in one of these.
ELSEWHERE = {
    "make test": (".ci/run", "make -k test\n"),
    "make test-more": (".ci/run", "make -k test-more"),
    "make fuzz": (".ci/run", "make fuzz"),
    "make tidy": (".ci/run", "make tidy"),
    "make test-dev": ("Makefile", "test: test-dev "),
    "make test-tsan": ("Makefile", " test-tsan "),
    "ctest --preset release -R instructions": ("Makefile", " test-release "),
    "tools/check_layers.py": (".ci/run", "tools/check_layers.py"),
    "tools/check_style.py": (".ci/run", "tools/check_style.py"),
    "tools/check_names.py": (".ci/run", "tools/check_names.py"),
    "tools/check_links.py": (".ci/run", "tools/check_links.py"),
    "tools/check_commits.py": (".ci/run", "tools/check_commits.py"),
    "tools/check_commands.py README.md": (".ci/run", "tools/check_commands.py README.md"),
    ".ci/run": (".ci/run", ""),
    "build/release/examples/example_amqp_work_queue amqp://localhost": ("examples/CMakeLists.txt", "amqp_examples"),
}


def attempt(command):
    if command in ELSEWHERE:
        file, what = ELSEWHERE[command]
        if what not in (ROOT / file).read_text():
            raise RuntimeError(f"{file} does not do it any more")
    elif command in RUN:
        RUN[command](command)
    else:
        raise RuntimeError("nobody tries this command: add it to tools/check_commands.py")


def main(arguments):
    failed = []
    after = [each.partition("=")[2] for each in arguments if each.startswith("--after=")]
    done = {command for document in after for command in commands((ROOT / document).read_text())}
    for document in (each for each in arguments if not each.startswith("--")):
        text = (ROOT / document).read_text()
        tried = [(command, attempt, command) for command in commands(text) if command not in done]
        tried += [("; ".join(line for line, _ in typed), attempt_session, typed) for typed in sessions(text)]
        for command, how, what in tried:
            start = time.monotonic()
            print(f"-- {document}: {command}", flush=True)
            try:
                how(what)
            except (RuntimeError, OSError, subprocess.SubprocessError) as error:
                failed.append(f"{document}: {command}: {error}")
                print(f"error: {failed[-1]}", flush=True)
            print(f"-- {time.monotonic() - start:.0f} s", flush=True)
    for each in failed:
        print(f"error: {each}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
