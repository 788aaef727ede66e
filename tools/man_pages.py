#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
#
# Writes the man pages (docs/man/*.1) and the shells' completions (programs/completions/) out of what the programs print
# for --help, so that all say the same words.
#
#   tools/man_pages.py PROGRAMS              writes them; PROGRAMS: the folder where tendril and tendril-worker were built
#   tools/man_pages.py --check PROGRAMS      only says what would change, and fails then
#
# What --help does not say (examples, the environment, where to read on) is in SECTIONS below.

import argparse
import importlib.util
import os
import re
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

# name of the page: what follows the name in its first line, and further sections.
SECTIONS = {
    "tendril": ("green threads for Linux: run, serve and look at programs", {
        "ENVIRONMENT": [
            ("TENDRIL_BACKEND", "How hubs wait for events: epoll (the default), io_uring, poll or select."),
            ("TENDRIL_BLOCKING_WATCH", "Report green threads that let no other run for this many milliseconds; 0: none."),
            ("TENDRIL_INSPECT", "1: the process shows itself to `tendril top`, for its own user and root."),
            ("TENDRIL_TRACE", "A file for a trace of the process, written at its end, which https://ui.perfetto.dev shows. "
             "%p in its name is the number of the process."),
            ("TENDRIL_TRACE_SIGNAL", "Write that file whenever this signal (USR2) comes, too."),
            ("TENDRIL_TRACE_EVENTS", "How many events of each hub a trace keeps (65536)."),
        ]}),
    "tendril-run": ("run a program so that its threads are green threads", {
        "EXAMPLES": [("tendril run --report ./client", "Run it, and say at its end what was patched."),
                     ("tendril run python3 program.py", "By the Python package, if it is installed.")]}),
    "tendril-serve": ("serve a WSGI application over HTTP", {
        "ENVIRONMENT": [("TENDRIL_PYTHON", "The interpreter to use."),
                        ("TENDRIL_CMD_ARGS", "More options, before those of the command line; so does GUNICORN_CMD_ARGS.")],
        "EXAMPLES": [("tendril serve -b :8080 -w 4 shop:application", "Serve `application` of shop.py by four processes.")]}),
    "tendril-top": ("show what the green threads of a process do", {
        "EXAMPLES": [("TENDRIL_INSPECT=1 ./server & tendril top $!", "Start a server that shows itself, and look at it."),
                     ("tendril top http://127.0.0.1:8080/tendril/", "Look at one that mounts http::InspectPages there."),
                     ("tendril top --once --sort=stack 1234 | head -40", "One page, for a script.")]}),
    "tendril-worker": ("run the tasks of a work queue in RabbitMQ", {
        "EXAMPLES": [("tendril-worker --load ./libtasks.so --queue pictures",
                      "Run the tasks that the shared library has.")]}),
}


@dataclass
class Option:
    flags: list  # ["-b", "--bind"]
    value: str  # "=LIST", "[=MS]", " FILE", ""
    text: str


@dataclass
class Help:
    usage: str = ""
    before: list = field(default_factory=list)  # paragraphs
    options: list = field(default_factory=list)
    commands: list = field(default_factory=list)  # (name, text)
    after: list = field(default_factory=list)


def parse_help(text):
    """The parts of what --help prints."""
    parsed = Help()
    paragraph, last = [], None
    target = parsed.before

    def end_paragraph():
        if paragraph:
            target.append(" ".join(paragraph))
            paragraph.clear()

    for line in text.splitlines():
        usage = re.match(r"usage: (.*)", line)
        option = re.match(r"  (-.*?)(?:\s{2,}(\S.*))?$", line) or re.match(r"  (--\S+)\s(\S.*)$", line)
        command = re.match(r"  ([a-z]+)\s{2,}(\S.*)$", line)
        if usage and not parsed.usage:
            parsed.usage = usage.group(1)
        elif option:
            end_paragraph()
            last = option_of(option.group(1), option.group(2) or "")
            parsed.options.append(last)
            target = parsed.after
        elif command and not parsed.options:
            end_paragraph()
            parsed.commands.append(command.groups())
            target = parsed.after
        elif last is not None and re.match(r"\s{6,}\S", line):
            last.text = (last.text + " " + line.strip()).strip()
        elif not line.strip() or line.rstrip().endswith("arguments:") or line.startswith("options:"):
            end_paragraph()
            last = None
        elif re.match(r"  application\b", line):
            last = None
        else:
            last = None
            paragraph.append(line.strip())
    end_paragraph()
    return parsed


def option_of(words, text):
    """From "-b BIND, --bind BIND", "--report[=FILE]" or "--load FILE"."""
    flags, value = [], ""
    for word in words.split(", "):
        flag, rest = re.match(r"(--?[A-Za-z0-9][-a-z0-9]*)(.*)", word).groups()
        flags.append(flag)
        value = rest.rstrip()
    if re.search(r"\(TENDRIL_[A-Z_]+\)$", text):  # of tendril-worker: a variable gives its value, too
        value = value or "=VALUE"
    return Option(flags, value, text)


def takes_value(option):
    return bool(option.value)


def roff(text):
    text = text.replace("\\", "\\e").replace("-", "\\-")
    return re.sub(r"^([.'])", r"\\&\1", text)


def man_page(name, help_text):
    """The source of a man page."""
    what, sections = SECTIONS[name]
    parsed = parse_help(help_text)
    lines = [".\\\" Made by tools/man_pages.py of what --help prints.",
             f'.TH {name.upper()} 1 "" "tendril" "User Commands"', ".SH NAME", f"{name} \\- {roff(what)}",
             ".SH SYNOPSIS", f".B {roff(parsed.usage)}"]
    exit_status = [each for each in parsed.after + parsed.before if "status" in each.lower()]
    for title, paragraphs in (("DESCRIPTION", parsed.before + parsed.after),):
        kept = [each for each in paragraphs if each not in exit_status]
        lines.append(f".SH {title}")
        lines += [part for each in kept or [what[0].upper() + what[1:] + "."] for part in (".PP", roff(each))]
    if parsed.commands:
        lines.append(".SH COMMANDS")
        for command, text in parsed.commands:
            lines += [".TP", f".B {command}", roff(text[0].upper() + text[1:]) + f"; see {name}\\-{command}(1)."]
    if parsed.options:
        lines.append(".SH OPTIONS")
        for option in parsed.options:
            lines += [".TP", ".B " + roff(", ".join(option.flags) + option.value), roff(option.text) or "\\&"]
    if exit_status:
        lines += [".SH EXIT STATUS"] + [roff(each) for each in exit_status]
    for title, entries in sections.items():
        lines.append(f".SH {title}")
        for term, text in entries:
            lines += [".TP", f".B {roff(term)}", roff(text)]
    others = [f".BR {roff(each)} (1)" for each in SECTIONS if each != name]
    lines += [".SH SEE ALSO", ",\n".join(others)]
    return "\n".join(lines) + "\n"


def bash_completion(helps):
    """For bash: options, then files; for top, the processes that can be shown."""
    def words(name):
        flags = [flag + ("=" if takes_value(option) and flag.startswith("--") and "[" not in option.value else "")
                 for option in parse_help(helps[name]).options for flag in option.flags]
        return " ".join(flags)

    commands = " ".join(name for name, _ in parse_help(helps["tendril"]).commands)
    return f"""# SPDX-License-Identifier: MIT
# bash completion for tendril. Made by tools/man_pages.py of what --help prints.

_tendril() {{
    local word=${{COMP_WORDS[COMP_CWORD]}} command=${{COMP_WORDS[1]}} options=""
    COMPREPLY=()
    if ((COMP_CWORD == 1)); then
        COMPREPLY=($(compgen -W "{commands} --help --version" -- "$word"))
        return
    fi
    case $command in
    run) options="{words('tendril-run')}" ;;
    serve) options="{words('tendril-serve')}" ;;
    top) options="{words('tendril-top')}" ;;
    esac
    if [[ $word == -* ]]; then
        COMPREPLY=($(compgen -W "$options" -- "$word"))
        [[ ${{COMPREPLY[0]}} == *= ]] && compopt -o nospace
    elif [[ $command == top ]]; then
        COMPREPLY=($(compgen -W "$("${{COMP_WORDS[0]}}" top --list 2>/dev/null | cut -d' ' -f1)" -- "$word"))
    elif [[ $command == run && ${{COMP_WORDS[COMP_CWORD - 1]}} == -* ]] || ((COMP_CWORD == 2)); then
        COMPREPLY=($(compgen -c -- "$word") $(compgen -f -- "$word"))
    else
        compopt -o default
    fi
}}

_tendril_worker() {{
    local word=${{COMP_WORDS[COMP_CWORD]}}
    COMPREPLY=()
    if [[ $word == -* ]]; then
        COMPREPLY=($(compgen -W "{words('tendril-worker')}" -- "$word"))
        [[ ${{COMPREPLY[0]}} == *= ]] && compopt -o nospace
    else
        compopt -o default
    fi
}}

complete -F _tendril tendril
complete -F _tendril_worker tendril-worker
"""


def zsh_text(text):
    return re.sub(r"([\[\]:'\\])", lambda m: {"'": "'\\''"}.get(m.group(1), "\\" + m.group(1)), text)


def zsh_completion(helps):
    """For zsh: the same, with what each option does."""
    def specs(name):
        lines = []
        for option in parse_help(helps[name]).options:
            for flag in option.flags:
                ending = "" if not takes_value(option) else "=-" if flag.startswith("--") and "=" in option.value else "="
                value = f":{zsh_text(option.value.strip(' =[]') or 'value')}:_files" if takes_value(option) else ""
                if "[=" in option.value:
                    value = ":" + value  # it may be left out
                lines.append(f"        '{flag}{ending}[{zsh_text(option.text)}]{value}' \\")
        return "\n".join(lines)

    commands = "\n".join(f"        '{name}:{zsh_text(text)}'" for name, text in parse_help(helps["tendril"]).commands)
    return f"""#compdef tendril tendril-worker
# SPDX-License-Identifier: MIT
# zsh completion for tendril. Made by tools/man_pages.py of what --help prints.

_tendril_commands() {{
    local -a commands
    commands=(
{commands}
    )
    _describe command commands
}}

_tendril_processes() {{
    local -a processes
    processes=(${{(f)"$(tendril top --list 2>/dev/null | sed 's/ /:/')"}})
    _describe process processes
}}

_tendril_run() {{
    _arguments -S \\
{specs('tendril-run')}
        '(-)1:program:_command_names -e' '*::arguments:_normal'
}}

_tendril_serve() {{
    _arguments \\
{specs('tendril-serve')}
        '1:module\\:application:'
}}

_tendril_top() {{
    _arguments \\
{specs('tendril-top')}
        '1:process or URL:_tendril_processes'
}}

_tendril_worker() {{
    _arguments \\
{specs('tendril-worker')}
        '*:file:_files'
}}

if [[ $service == tendril-worker ]]; then
    _tendril_worker
elif ((CURRENT == 2)); then
    _tendril_commands
else
    shift words
    ((CURRENT--))
    case $words[1] in
    run) _tendril_run ;;
    serve) _tendril_serve ;;
    top) _tendril_top ;;
    esac
fi
"""


def output_of(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True, env={**os.environ, "COLUMNS": "100"}).stdout


def help_of_serve():
    """What `tendril serve --help` prints; the interpreter's module need not be built for it."""
    os.environ["COLUMNS"] = "100"
    spec = importlib.util.spec_from_file_location("serve_settings", ROOT / "python" / "tendril" / "serve_settings.py")
    settings = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(settings)
    return settings._parser().format_help()


def made(programs):
    """What is to be in each file, by its path."""
    tendril, worker = str(programs / "tendril"), str(programs / "tendril-worker")
    helps = {"tendril": output_of(tendril, "--help"),
             "tendril-run": output_of(tendril, "run", "--help"),
             "tendril-serve": help_of_serve(),
             "tendril-top": output_of(tendril, "top", "--help"),
             "tendril-worker": output_of(worker, "--help").replace(worker, "tendril-worker")}
    files = {ROOT / "docs" / "man" / f"{name}.1": man_page(name, text) for name, text in helps.items()}
    files[ROOT / "programs" / "completions" / "tendril.bash"] = bash_completion(helps)
    files[ROOT / "programs" / "completions" / "_tendril"] = zsh_completion(helps)
    return files


def main():
    parser = argparse.ArgumentParser(description="Writes man pages and completions.")
    parser.add_argument("--check", action="store_true")
    parser.add_argument("programs", type=Path)
    given = parser.parse_args()
    stale = 0
    for path, text in made(given.programs).items():
        if path.exists() and path.read_text() == text:
            continue
        stale += 1
        if given.check:
            print(f"{path.relative_to(ROOT)} does not say what --help does: run tools/man_pages.py {given.programs}")
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
    return 1 if given.check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
