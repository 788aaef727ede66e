# SPDX-License-Identifier: MIT
"""Holds two results against each other."""

import json
import math

NOISE = 1.02  # what nobody should take for a change, however narrow the spreads


def compare(new, old):
    """Yields (row, title, figure, new, old, ratio, word) for each figure of tendril's that both have."""
    for key, row in new["results"].items():
        before = old["results"].get(key)
        if not before or "tendril" not in row["systems"] or "tendril" not in before["systems"]:
            continue
        ours, theirs = row["systems"]["tendril"], before["systems"]["tendril"]
        for figure in row["figures"]:
            name = figure["key"]
            if name not in ours or name not in theirs:
                continue
            now, then = ours[name], theirs[name]
            ratio = now["median"] / then["median"] if then["median"] else math.nan
            word = ""
            if ratio > NOISE and now["quartiles"][0] > then["quartiles"][1]:
                word = "WORSE"
            elif ratio < 1 / NOISE and now["quartiles"][1] < then["quartiles"][0]:
                word = "better"
            yield key, f"{row['title']} {figure['title']}".strip(), figure, now["median"], then["median"], ratio, word


def others_ratio(new, old, key, figure):
    """How much the floor and the peers changed in the same row: what the machine did. None without any."""
    ratios = []
    for system, now in new["results"][key]["systems"].items():
        then = old["results"][key]["systems"].get(system, {})
        if system != "tendril" and figure in now and then.get(figure, {}).get("median"):
            ratios.append(now[figure]["median"] / then[figure]["median"])
    return math.exp(sum(map(math.log, ratios)) / len(ratios)) if ratios and min(ratios) > 0 else None


def print_comparison(new, old):
    """Returns how many figures got worse."""
    for what in ("processor", "kernel", "host"):
        if new["machine"][what] != old["machine"][what]:
            print(f"another {what}: {new['machine'][what]} against {old['machine'][what]}; times are not comparable")
    if new["compiler"]["version"] != old["compiler"]["version"]:
        print(f"another compiler: {new['compiler']['version']} against {old['compiler']['version']}")
    print(f"{new['machine']['commit']} (load {new['machine']['load']:.1f}) against {old['machine']['commit']} "
          f"(load {old['machine']['load']:.1f})")
    print(f"{'tendril':<58}{'now':>12}{'before':>12}{'ratio':>8}{'peers':>8}")
    worse = 0
    for key, title, figure, now, then, ratio, word in compare(new, old):
        drift = others_ratio(new, old, key, figure["key"])
        worse += word == "WORSE"
        print(f"{title:<58.58}{now / figure['divisor']:>12.4g}{then / figure['divisor']:>12.4g}{ratio:>8.3f}"
              f"{f'{drift:.3f}' if drift else '':>8}  {word}")
    print(f"worse beyond the spread: {worse}")
    return worse


def load(path):
    return json.loads(path.read_text())
