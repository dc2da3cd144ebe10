"""Rounds: everybody is asked once in each, one after the other, so that all meet the same machine."""

import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from tests.hosts.machine import Host

from bench.rows import median
from bench.serve import ground, wrk
from bench.serve.contenders import Entrant
from bench.serve.views import View

SECONDS = 1
WARM_UP = 96  # requests
#: Seconds that a server may take to start, while twenty others import the app beside it; and that an answer may take, a
#: bit longer than the fronts wait.
START, ANSWER = 120.0, 70.0


@dataclass(frozen=True)
class Sample:
    """One run. ``processor`` is microseconds of the app's and the front's processes for one request."""

    rate: float
    p50: float
    p99: float
    processor: float
    failed: int


@dataclass(frozen=True)
class Figure:
    """The medians of an entrant's samples at one view, and the slowest and the quickest of its rates."""

    view: str
    entrant: str
    rate: float
    p50: float
    p99: float
    processor: float
    failed: int
    slowest: float
    quickest: float


def run(host: Host, entrants: Sequence[Entrant], views: Iterable[View], rounds: int) -> list[Figure]:
    """Asks every entrant for every view it has. Raises RuntimeError for an answer that is not the view's."""
    figures = []
    for view in views:
        asked = [entrant for entrant in entrants if view in entrant.views]
        print(f"measuring {view.title}: {', '.join(entrant.name for entrant in asked)} …", file=sys.stderr)
        samples = _in_turns(host, asked, view, rounds)
        figures += [figure(view.name, name, taken) for name, taken in samples.items()]
    return figures


def figure(view: str, entrant: str, samples: Sequence[Sample]) -> Figure:
    rates = [sample.rate for sample in samples]
    return Figure(
        view,
        entrant,
        median(rates),
        median([sample.p50 for sample in samples]),
        median([sample.p99 for sample in samples]),
        median([sample.processor for sample in samples]),
        sum(sample.failed for sample in samples),
        min(rates),
        max(rates),
    )


def in_order(entrants: Sequence[Entrant], number: int) -> list[Entrant]:
    """Each round begins with another one, so that nobody always follows the same."""
    first = number % len(entrants)
    return [*entrants[first:], *entrants[:first]]


def _in_turns(host: Host, entrants: Sequence[Entrant], view: View, rounds: int) -> dict[str, list[Sample]]:
    samples: dict[str, list[Sample]] = {entrant.name: [] for entrant in entrants}
    for entrant in entrants:
        _warm_up(host, entrant, view)
    for number in range(rounds):
        for entrant in in_order(entrants, number):
            samples[entrant.name].append(sample(host, entrant, view))
    return samples


def sample(host: Host, entrant: Entrant, view: View, seconds: int = SECONDS) -> Sample:
    units = [name for name in (entrant.unit, entrant.front_unit) if name]
    before = sum(ground.processor_time(host, name) for name in units)
    load = wrk.run(url(host, entrant, view), seconds)
    used = sum(ground.processor_time(host, name) for name in units) - before
    return Sample(load.rate, load.p50, load.p99, used / max(load.requests, 1), load.failed)


def url(host: Host, entrant: Entrant, view: View) -> str:
    return f"http://{host.address}:{entrant.port}{view.path}"


def _warm_up(host: Host, entrant: Entrant, view: View) -> None:
    """Every worker has answered before it counts, so they are asked side by side; and it is what was meant."""
    address = url(host, entrant, view)
    _ask(address, time.monotonic() + START)
    with ThreadPoolExecutor(wrk.CONNECTIONS) as visitors:
        answers = list(visitors.map(lambda _: _ask(address, 0), range(WARM_UP)))
    for text in answers:
        if view.answer not in text:
            raise RuntimeError(f"{entrant.name} answers {view.path} with {text[:200]!r}")


def _ask(address: str, deadline: float) -> str:
    """An answer's body; what does not listen yet, or has no app yet, may begin to until the deadline."""
    while True:
        try:
            with urllib.request.urlopen(address, timeout=ANSWER) as answer:  # noqa: S310 - a test host
                return answer.read().decode()
        except urllib.error.URLError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)
