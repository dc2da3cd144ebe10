"""What came of it."""

from __future__ import annotations

import dataclasses
import json
import math
from array import array
from collections.abc import Sequence
from dataclasses import dataclass

KEPT_FAILURES = 1000  # all are counted; this many are described


@dataclass(frozen=True, slots=True)
class Failure:
    """One lost request: seconds after the start at which it was due, and what happened to it."""

    at: float
    what: str


@dataclass(frozen=True, slots=True)
class Mark:
    """Who answered: seconds after the start of its first and its last answer, and how many."""

    name: str
    first: float
    last: float
    count: int


@dataclass(frozen=True, slots=True)
class Report:
    """The outcome of a load. Times of day in seconds since the epoch, latencies in milliseconds.

    longest_stall_ms: the longest that any request, answered or failed, waited from when it was due.
    p50_ms, p99_ms: of the answered requests (nearest rank).
    generator_lag_ms: the most by which the generator itself was late to begin a request. If it comes
        near longest_stall_ms, the machine was too busy to measure and the stall says nothing of the server.
    failures: the first thousand, in the order in which they were known.
    """

    started_at: float
    seconds: float
    requests: int
    failed: int
    failures: tuple[Failure, ...]
    longest_stall_ms: float
    p50_ms: float
    p99_ms: float
    generator_lag_ms: float
    reopened: int
    retried: int
    by_status: dict[int, int]
    marks: tuple[Mark, ...]

    def line(self) -> str:
        """One line for people."""
        statuses = ", ".join(f"{count} x {status}" for status, count in sorted(self.by_status.items()))
        return (
            f"{self.requests} requests, {self.failed} failed, "
            f"longest stall {self.longest_stall_ms:.0f} ms, "
            f"p50 {self.p50_ms:.1f} ms, p99 {self.p99_ms:.1f} ms, "
            f"{self.seconds:.1f} s ({statuses or 'no answer'})"
        )

    def mark(self, name: str) -> Mark | None:
        return next((mark for mark in self.marks if mark.name == name), None)

    def to_json(self) -> str:
        return json.dumps(dataclasses.asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Report:
        data = json.loads(text)
        data["failures"] = tuple(Failure(**one) for one in data["failures"])
        data["marks"] = tuple(Mark(**one) for one in data["marks"])
        data["by_status"] = {int(status): count for status, count in data["by_status"].items()}
        return cls(**data)


class Tally:
    """Counts while the load runs. All times are seconds after the start."""

    def __init__(self) -> None:
        self.latencies = array("d")  # of answered requests, seconds
        self.failures: list[Failure] = []
        self.failed = 0
        self.longest = 0.0
        self.lag = 0.0
        self.reopened = 0
        self.retried = 0
        self.by_status: dict[int, int] = {}
        self.marks: dict[str, Mark] = {}

    def status(self, status: int) -> None:
        self.by_status[status] = self.by_status.get(status, 0) + 1

    def answered(self, due: float, now: float) -> None:
        self.latencies.append(now - due)
        self.longest = max(self.longest, now - due)

    def fail(self, due: float, now: float, what: str) -> None:
        self.failed += 1
        self.longest = max(self.longest, now - due)
        if len(self.failures) < KEPT_FAILURES:
            self.failures.append(Failure(round(due, 3), what))

    def marked(self, name: str, now: float) -> None:
        now = round(now, 3)
        seen = self.marks.get(name)
        first, count = (seen.first, seen.count) if seen else (now, 0)
        self.marks[name] = Mark(name, first, now, count + 1)

    def report(self, started_at: float, seconds: float) -> Report:
        ordered = sorted(self.latencies)
        return Report(
            started_at=started_at,
            seconds=round(seconds, 3),
            requests=len(ordered) + self.failed,
            failed=self.failed,
            failures=tuple(self.failures),
            longest_stall_ms=_ms(self.longest),
            p50_ms=_ms(percentile(ordered, 50)),
            p99_ms=_ms(percentile(ordered, 99)),
            generator_lag_ms=_ms(self.lag),
            reopened=self.reopened,
            retried=self.retried,
            by_status=dict(sorted(self.by_status.items())),
            marks=tuple(self.marks.values()),
        )


def percentile(ordered: Sequence[float], percent: float) -> float:
    """The nearest-rank percentile of an ascending sequence; 0 if there is nothing."""
    if not ordered:
        return 0.0
    return ordered[max(0, math.ceil(percent / 100 * len(ordered)) - 1)]


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 2)
