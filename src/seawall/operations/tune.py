"""Tune: try ways to run the app, one after the other and round by round, and say which is the quickest.

Every candidate is a release like any other: staged, built, started and gated with the rights and the environment of a
deployment, and then, instead of going live, loaded on its own socket and taken back (``agent/trial.py``).
"""

from __future__ import annotations

import time
from collections.abc import Generator, Sequence
from dataclasses import dataclass, replace

from seawall.operations.events import Happening
from seawall.operations.hosts import Host
from seawall.operations.plan import Wanted
from seawall.operations.tuning import analysis, candidates
from seawall.operations.tuning.analysis import Result, Run
from seawall.operations.tuning.candidates import Candidate
from seawall.operations.tuning.trials import Order, Trials, turn

#: The part of the time that the kinds may have; the changes of the best have the rest.
KINDS_PART = 0.45


@dataclass(frozen=True)
class Turn:
    """A candidate's turn is over."""

    candidate: Candidate
    round: int
    run: Run | None
    why_not: str = ""


@dataclass(frozen=True)
class Tuned:
    """What came of it: all results, each with how much quicker it is than what runs now, that one first. ``unsteady``
    is how many times as quick one turn of the same thing was as another."""

    now: Candidate
    best: Candidate
    routes: tuple[str, ...]
    results: tuple[tuple[Result, float], ...]
    seconds: float
    out_of_time: bool
    unsteady: float = 1.0

    @property
    def gain(self) -> float:
        return next(times for result, times in self.results if result.candidate == self.best)


Telling = Happening | Turn
Found = list[tuple[Result, float]]


def tune(host: Host, wanted: Wanted, order: Order) -> Generator[Telling, None, Tuned]:
    """Try the kinds, then the best of them with one thing changed at a time; or just what a person named.

    Raises SeawallError if what runs now cannot be started itself, Declined on Ctrl-C; nothing is left either way.
    """
    began = time.monotonic()
    first_part = 1.0 if order.wish else KINDS_PART
    trials = Trials(host, wanted, order, began + order.seconds * first_part, order.routes, order.load())
    now = candidates.current(wanted.project, trials.facts, wanted.required)
    first = yield from _stage(trials, (now, *_first(trials, now)))
    found = [(result, _times(result, first[0])) for result in first]
    best, unsteady = analysis.best(first), analysis.unsteady(first[0])
    if not order.wish:
        trials.until += order.seconds * (1 - first_part)
        second = yield from _stage(trials, (best.candidate, *_second(trials, best.candidate)))
        found += _further(found, second)
        best, unsteady = analysis.best(second), max(unsteady, analysis.unsteady(second[0]))
    took = time.monotonic() - began
    return Tuned(now, best.candidate, trials.routes, tuple(found), took, trials.out_of_time, unsteady)


def _first(trials: Trials, now: Candidate) -> tuple[Candidate, ...]:
    project, wish = trials.wanted.project, trials.order.wish
    if wish:
        return candidates.wished(project, trials.facts, now, wish)
    return candidates.kinds(project, trials.facts, now)


def _second(trials: Trials, best: Candidate) -> tuple[Candidate, ...]:
    allocator = str(trials.host.session.facts.get("jemalloc", ""))
    project, counts = trials.wanted.project, trials.order.counts
    return candidates.around(project, trials.facts, best, counts=counts, allocator=allocator)


def _further(found: Found, second: Sequence[Result]) -> Found:
    """What the second stage adds: its first is the best of the first stage, and compared with what runs now already."""
    gains = {result.candidate: times for result, times in found}
    new = (result for result in second if result.candidate not in gains)
    return [(result, gains[second[0].candidate] * _times(result, second[0])) for result in new]


def _times(result: Result, base: Result) -> float:
    return analysis.relative(result, base) if result.runs else 0.0


def _stage(trials: Trials, tried: Sequence[Candidate]) -> Generator[Telling, None, tuple[Result, ...]]:
    """Rounds in which everybody has a turn, but for those that will not win any more. The first is what the others are
    compared with; if it fails, everything does."""
    results = {candidate: Result(candidate) for candidate in tried}
    going: tuple[Candidate, ...] = tuple(tried)
    for number in range(1, analysis.ROUNDS + 1):
        if number > 1 and not trials.time_for(len(going)):
            trials.out_of_time = True
            break
        for candidate in going:
            if number == 1 and candidate != tried[0] and not trials.time_for(0):
                results[candidate] = replace(results[candidate], left_out="there was no time left for it")
                trials.out_of_time = True
                continue
            run, why = yield from turn(trials, candidate, must=candidate == tried[0])
            had = results[candidate]
            results[candidate] = Result(candidate, (*had.runs, run) if run else had.runs, why)
            yield Turn(candidate, number, run, why)
        going = tuple(result.candidate for result in analysis.hopeful([results[one] for one in going]))
        if len(going) == 1:
            break
    return tuple(results.values())
