# SPDX-License-Identifier: MIT
"""Draws results as an SVG: how many times what tendril takes each other takes, row by row, on a logarithmic scale."""

import math
from xml.sax.saxutils import escape

WIDTH, LABELS, RIGHT, LINE, BOTTOM = 960, 330, 30, 22, 46
LEAST, MOST = 0.125, 64
MARKS = (0.125, 0.25, 0.5, 1, 2, 4, 8, 16, 32, 64)
# Colours that can be told apart on white and on black, also with the usual kinds of colour blindness; and shapes.
SYSTEMS = {
    "floor": ("#808080", "bare floor"), "epoll": ("#808080", "bare floor"), "Boost.Fiber": ("#d55e00", "Boost.Fiber"),
    "Go": ("#0072b2", "Go"), "libuv": ("#009e73", "libuv"), "nginx": ("#cc79a7", "nginx"), "libev": ("#e69f00", "libev"),
    "uWebSockets": ("#56b4e9", "uWebSockets"), "Python": ("#f0c000", "Python"), "gevent": ("#b8860b", "gevent"),
    "Photon": ("#9e2a5c", "Photon"), "libst": ("#7f3c8d", "libst"), "GNU Pth": ("#8c6d5a", "GNU Pth"),
}
ROWS = ("yield_2", "yield_1000", "spawn_join_1", "spawn_join_1000", "sleep", "sleep_1000", "sleep_100", "queue", "channel",
        "semaphore", "event", "shared_queue", "shared_queue_1", "mailbox", "offload_1", "offload_100", "timers_arm",
        "timers_cancel", "timers_fire", "parked", "echo_tcp_64", "echo_tcp_16k", "echo_tls_64", "echo_tls_16k", "echo_short",
        "echo_websocket", "http", "http_1000", "http_close", "http_pipelined", "http_tls", "popen", "dns", "idle")
STYLE = """
text { font: 12px system-ui, sans-serif; fill: #1f2328 }
.title { font-size: 15px; font-weight: 600 } .small { font-size: 11px; fill: #59636e }
.grid { stroke: #d1d9e0 } .one { stroke: #1a7f37; stroke-width: 2 } .one-text { fill: #1a7f37; font-weight: 600 }
.spread { stroke: #8c959f; stroke-width: 1 }
@media (prefers-color-scheme: dark) {
  text { fill: #f0f6fc } .small { fill: #9198a1 } .grid { stroke: #3d444d } .one { stroke: #3fb950 }
  .one-text { fill: #3fb950 } .spread { stroke: #656c76 }
}
"""


def place(ratio):
    at = min(max(ratio, LEAST), MOST)
    return LABELS + (WIDTH - LABELS - RIGHT) * math.log(at / LEAST) / math.log(MOST / LEAST)


def ratios(row):
    """{system: its figure by tendril's}, the first figure of the row; nothing if tendril's is missing."""
    key = row["figures"][0]["key"]
    ours = row["systems"].get("tendril", {}).get(key, {}).get("median")
    if not ours:
        return {}
    return {system: entry[key]["median"] / ours for system, entry in row["systems"].items()
            if system in SYSTEMS and key in entry and entry[key]["median"] > 0}


def dot(x, y, colour, floor):
    if floor:
        return f'<path d="M{x:.1f} {y - 6} l4 6 l-4 6 l-4 -6 z" fill="{colour}"/>'
    return f'<circle cx="{x:.1f}" cy="{y}" r="5" fill="{colour}"/>'


def draw_legend(names):
    """Returns its lines, and its height."""
    lines, x, y = [], 10, 38
    for colour, name in names:
        width = 34 + 7 * len(name)
        if x + width > WIDTH:
            x, y = 10, y + 20
        lines.append(dot(x + 5, y, colour, name == "bare floor") + f'<text x="{x + 15}" y="{y + 4}">{escape(name)}</text>')
        x += width
    return lines, y - 4


def draw(kept):
    rows = [(kept["results"][key], found) for key in ROWS
            if key in kept["results"] and (found := ratios(kept["results"][key]))]
    names = dict.fromkeys(SYSTEMS[system] for _, found in rows for system in found)
    legend, height = draw_legend(names)
    top = 30 + height
    bottom = top + LINE * len(rows)
    about = kept["machine"]
    lines = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{bottom + BOTTOM}" '
             f'viewBox="0 0 {WIDTH} {bottom + BOTTOM}" role="img">',
             "<title>What others take, as a multiple of tendril</title>", f"<style>{STYLE}</style>",
             '<text class="title" x="10" y="20">What others take, as a multiple of tendril (right of the line: more)</text>']
    lines += legend
    for mark in MARKS:
        kind = "one" if mark == 1 else "grid"
        lines.append(f'<line class="{kind}" x1="{place(mark):.1f}" x2="{place(mark):.1f}" y1="{top - 4}" y2="{bottom}"/>')
        text = "tendril" if mark == 1 else f"{mark:g}x"
        lines.append(f'<text class="{"one-text" if mark == 1 else "small"}" x="{place(mark):.1f}" y="{bottom + 15}" '
                     f'text-anchor="middle">{text}</text>')
    for number, (row, found) in enumerate(rows):
        y = top + LINE * number + LINE // 2
        lines.append(f'<text x="{LABELS - 12}" y="{y + 4}" text-anchor="end">{escape(row["title"])}</text>')
        ends = [place(ratio) for ratio in [1, *found.values()]]
        lines.append(f'<line class="spread" x1="{min(ends):.1f}" x2="{max(ends):.1f}" y1="{y}" y2="{y}"/>')
        for system, ratio in found.items():
            lines.append(f"<g><title>{escape(system)}: {ratio:.2f}x</title>"
                         + dot(place(ratio), y, SYSTEMS[system][0], SYSTEMS[system][1] == "bare floor") + "</g>")
    lines.append(f'<text class="small" x="10" y="{bottom + 36}">{escape(about["processor"].replace("(R)", ""))}, '
                 f'{about["cpus"]} CPUs, Linux {escape(about["kernel"])}, {escape(kept["compiler"]["version"])}, commit '
                 f'{escape(about["commit"])}, load {about["load"]:.1f}, {escape(kept["time"][:10])}</text>')
    return "\n".join(lines) + "\n</svg>\n"
