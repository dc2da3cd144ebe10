"""What follows from the runs: medians of interleaved rounds, and whether a difference is one.

On a machine that others use too, two runs of the same thing differ. So candidates take turns, round by round; each is
compared with the first of its own rounds, the one that runs now; and only a clear difference counts.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from seawall.operations.tuning.candidates import Candidate

#: A candidate must be so much quicker to be proposed: two equal ones differ by less, most of the time.
CLEARLY = 1.10
#: After a round, one that is so much slower than the best is left out of the others: it will not win any more.
HOPELESS = 0.65
#: So many turns the better ones get; from fewer nothing follows. Were two equally quick, all three turns of one would
#: be quicker than all three of the other once in 20 times by chance, and a tenth quicker less often.
ROUNDS = 3
#: Those within this of the best count as equally quick: then less memory wins.
EQUAL = 0.97
#: If what runs now was so many times as quick in one turn as in another, the machine was busy with something else.
UNSTEADY = 1.5
#: The generator's share of a core from which on it, not the server, may be what was measured.
BUSY = 0.9


@dataclass(frozen=True)
class Run:
    """One turn of a candidate: requests/s and milliseconds by route; ``memory`` in bytes, 0 if not known."""

    rates: tuple[float, ...]
    p99_ms: tuple[float, ...]
    failed: int
    failure: str
    memory: int
    busy: float


@dataclass(frozen=True)
class Result:
    """All turns of one candidate, or why it was left out."""

    candidate: Candidate
    runs: tuple[Run, ...] = ()
    left_out: str = ""

    @property
    def rates(self) -> tuple[float, ...]:
        """The median requests/s of each route."""
        return tuple(median(run.rates[i] for run in self.runs) for i in range(len(self.runs[0].rates)))

    @property
    def p99_ms(self) -> tuple[float, ...]:
        return tuple(median(run.p99_ms[i] for run in self.runs) for i in range(len(self.runs[0].p99_ms)))

    @property
    def memory(self) -> int:
        return max(run.memory for run in self.runs)

    @property
    def busy(self) -> float:
        return max(run.busy for run in self.runs)

    @property
    def usable(self) -> bool:
        """Whether it was measured, and every request was answered."""
        return bool(self.runs) and not any(run.failed for run in self.runs)

    @property
    def why_not(self) -> str:
        return self.left_out or next((f"requests failed: {run.failure}" for run in self.runs if run.failed), "")


def relative(result: Result, base: Result) -> float:
    """How much quicker than the base, over all routes alike (the geometric mean of the medians' ratios)."""
    return _mean([_ratio(own, its) for own, its in zip(result.rates, base.rates, strict=True)])


def clearly_quicker(result: Result, base: Result) -> bool:
    """By a difference that counts, and with each turn quicker than each of the base's: then the machine's own ups and
    downs do not explain it."""
    if min(len(result.runs), len(base.runs)) < ROUNDS or relative(result, base) < CLEARLY:
        return False
    return min(_turns(result, base)) > max(_turns(base, base))


def unsteady(base: Result) -> float:
    """How many times as quick its quickest turn was as its slowest: 1 on a machine that does nothing else."""
    turns = _turns(base, base) if base.runs else [1.0]
    return _ratio(max(turns), min(turns))


def _turns(result: Result, base: Result) -> list[float]:
    """How much quicker than the base's medians each turn was."""
    return [_mean([_ratio(own, its) for own, its in zip(run.rates, base.rates, strict=True)]) for run in result.runs]


def hopeful(results: Sequence[Result]) -> tuple[Result, ...]:
    """Those that go on to the next round: the first, which the others are compared with, and who may still win."""
    base = results[0]
    quick = {result.candidate: relative(result, base) for result in results if result.usable}
    best = max(quick.values(), default=0)
    return (base, *(r for r in results[1:] if r.usable and quick[r.candidate] >= HOPELESS * best))


def best(results: Sequence[Result]) -> Result:
    """The first, which runs now, unless another is clearly quicker; of several about as quick the one that takes the
    least memory. Only those that were in every round are compared."""
    base = results[0]
    whole = [r for r in results[1:] if r.usable and len(r.runs) == len(base.runs) and clearly_quicker(r, base)]
    if not whole:
        return base
    quickest = max(relative(result, base) for result in whole)
    return min(
        (result for result in whole if relative(result, base) >= EQUAL * quickest), key=lambda result: result.memory
    )


def _ratio(own: float, its: float) -> float:
    return own / its if its else (math.inf if own else 1.0)


def _mean(ratios: Sequence[float]) -> float:
    if any(ratio in (0, math.inf) for ratio in ratios):
        return 0.0 if 0 in ratios else math.inf
    return math.exp(sum(map(math.log, ratios)) / len(ratios))
