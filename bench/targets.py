# SPDX-License-Identifier: MIT
"""The targets of issue 17 as data, and whether a run has reached them."""

import dataclasses


@dataclasses.dataclass
class Target:
    """A figure of tendril's that must be at most a number, or at most `times` another's."""
    name: str
    row: str
    figure: str
    at_most: float | None = None  # in the unit of the row's figure
    times: float = 1.0
    of: tuple[str, ...] = ()      # systems: at most `times` the least of those that were measured
    of_rows: tuple[str, ...] = ()  # where they have it; none: in the same row
    at_least: float | None = None
    below: bool = False           # less than, not at most

    def bound(self, results):
        """What tendril's figure is held against; None if it was not measured."""
        if self.of:
            found = [value for row in self.of_rows or (self.row,) for system in self.of
                     if (value := value_of(results, row, system, self.figure)) is not None]
            return min(found) * self.times if found else None
        return self.at_most if self.at_most is not None else self.at_least

    def judge(self, results):
        # Where more is needed, the worst round must have it: no sleep is early, no stack lacks its guard.
        which = "median" if self.at_least is None else "min"
        ours, bound = value_of(results, self.row, "tendril", self.figure, which), self.bound(results)
        reached = None
        if ours is not None and bound is not None:
            reached = ours >= bound if self.at_least is not None else ours < bound if self.below else ours <= bound
        return {"name": self.name, "figure": ours, "bound": bound, "reached": reached}


def value_of(results, row, system, figure, which="median"):
    entry = results.get(row, {}).get("systems", {}).get(system, {}).get(figure)
    return entry[which] if entry else None


def against(name, row, figure, system, times, **more):
    return Target(f"{name}: at most {times:.4g}x {system}'s", row, figure, times=times, of=(system,), **more)


TARGETS = [
    Target("yield of 2: at most 4 ns", "yield_2", "ns_cpu", 4),
    against("yield of 2", "yield_2", "ns_cpu", "floor", 6),
    Target("yield of 1,000: at most 5 ns", "yield_1000", "ns_cpu", 5),
    against("yield of 1,000", "yield_1000", "ns_cpu", "floor", 4),
    *(against(f"spawn+join, {title}", row, "ns_cpu", system, 1 / 6)
      for row, title in (("spawn_join_1", "one at a time"), ("spawn_join_1000", "1,000 at a time"))
      for system in ("Boost.Fiber", "Go")),
    against("sleep of 10,000", "sleep", "ns_cpu", "Go", 0.5),
    against("sleep of 10,000", "sleep", "ns_cpu", "Boost.Fiber", 0.5),
    Target("sleep of 1,000: below Go's", "sleep_1000", "ns_cpu", of=("Go",), below=True),
    Target("sleep of 100: below Go's", "sleep_100", "ns_cpu", of=("Go",), below=True),
    # A timer's slack is a sixteenth of its length, at most 1 ms; what is above it is the system's own wake-up.
    Target("sleep of 1,000: late by at most 1 ms", "sleep_1000", "late_us", 1000),
    Target("sleep of 100: late by at most 1 ms", "sleep_100", "late_us", 1000),
    Target("sleep of 1,000: never early", "sleep_1000", "earliest_us", at_least=0),
    Target("sleep of 100: never early", "sleep_100", "earliest_us", at_least=0),
    against("SharedQueue one way, wall", "shared_queue", "ns_wall", "Go", 1),
    against("SharedQueue one way, CPU", "shared_queue", "ns_cpu", "Go", 1),
    Target("offload by 100: at most 2 us", "offload_100", "ns_cpu", 2000),
    against("event", "event", "ns_cpu", "Boost.Fiber", 0.5),
    *(Target(f"queue, {code}: at most 1/6 of {system}'s faster channel", "queue" + suffix, "ns_cpu", times=1 / 6, of=(system,),
             of_rows=("queue" + suffix, "channel" + suffix))
      for suffix, code in (("", "each end its own code"), ("_same", "both ends the same code"))
      for system in ("Boost.Fiber", "Go")),
    Target("1,000,000 parked: at most 4.3 KiB each, with tables", "parked", "all_kib", 4.3),
    Target("1,000,000 parked: made in at most 5 us each", "parked", "ns_wall", 5000),
    Target("1,000,000 parked: as many as that", "parked", "n", at_least=1_000_000),
    Target("1,000,000 parked: each with a guard", "parked", "guarded", at_least=1),
    Target("no operation allocates, once warm", "allocations", "guilty", 0),
    Target("10,000 idle HTTP connections, packed away: at most 1.2 KiB each", "idle_packed", "kib", 1.2),
    Target("the first request after that: within 20 us", "idle_packed", "first_us", 20),
    against("HTTP", "http", "ratio", "epoll", 1.06),
    Target("HTTP: below uWebSockets'", "http", "ns_cpu", of=("uWebSockets",), below=True),
    Target("HTTP, a connection each: below nginx's", "http_close", "ns_cpu", of=("nginx",), below=True),
    *(Target(f"{title}: below libuv's", row, "ns_cpu", of=("libuv",), below=True)
      for row, title in (("echo_tls_64", "TLS echo, 64 B"), ("echo_tls_16k", "TLS echo, 16 KiB"))),
    *(against(title, row, "ns_cpu", "Go", 1.02)
      for row, title in (("echo_tls_64", "TLS echo, 64 B"), ("echo_tls_16k", "TLS echo, 16 KiB"))),
    Target("5 s after a flood of 18,500 connections: memory at most 1.2x as before", "flood", "times_after", 1.2),
]


def judge_all(results):
    return [target.judge(results) for target in TARGETS]


def text(judged):
    """One line about a target."""
    if judged["reached"] is None:
        return f"not measured  {judged['name']}"
    word = "reached" if judged["reached"] else "MISSED"
    return f"{word:<12}  {judged['name']}: {judged['figure']:.4g}, the bound is {judged['bound']:.4g}"
