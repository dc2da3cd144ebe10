"""What `seawall tune` says: beforehand, turn by turn, and at the end."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from seawall.cli.render.lines import Line, count, diff_lines, seconds, size, table
from seawall.operations.events import Upload
from seawall.operations.tune import Telling, Tuned, Turn
from seawall.operations.tuning.analysis import BUSY, CLEARLY, UNSTEADY, Result
from seawall.operations.tuning.chart import Bar, svg_bars, text_bars
from seawall.operations.tuning.proposal import Proposal
from seawall.operations.tuning.trials import Order

#: Steps that are worth a line if they took longer, seconds.
LONG = 1.0


def plan_lines(host: str, order: Order) -> Iterator[Line]:
    """How long it will take, and what happens meanwhile."""
    where = "this machine" if host == "local" else host
    asking = f"{count(order.visitors, 'visitor')} at a time asking for {' and '.join(order.routes)}"
    yield Line(f"on {where}: {asking}, about {order.load():.1f} s each turn")
    yield Line(f"takes up to {seconds(order.seconds)}, and as long as the servers need to be installed", "careful")


def telling_lines(telling: Telling) -> Iterator[Line]:
    """A line for each turn, and for what took long."""
    if isinstance(telling, Turn):
        yield _turn(telling)
    elif not isinstance(telling, Upload):
        event = telling.event
        if event.kind == "note":
            yield Line(event.text, "careful")
        elif event.state == "done" and event.step in ("built", "migrated") and (event.seconds or 0) > LONG:
            yield Line(f"{event.step} {seconds(event.seconds or 0)}", "faint")


def tuned_lines(tuned: Tuned, picture: str) -> Iterator[Line]:
    """A table, a plot, and what follows from them."""
    measured = [found for found in tuned.results if found[0].runs]
    head = ("", *(f"{route} (/s)" for route in tuned.routes), "p99 (ms)", "memory", "to now", "")
    lines = table([head, *(_row(tuned, result, times) for result, times in measured)], "")
    yield Line(lines[0], "faint")
    for line, (result, _) in zip(lines[1:], measured, strict=True):
        yield Line(line, "good" if result.candidate == tuned.best else "")
    for result, _ in tuned.results:
        if not result.runs:
            yield Line(f"{result.candidate.label}: {result.why_not}", "careful")
    yield Line("")
    for text in text_bars(_bars(tuned)):
        yield Line(text)
    yield Line(f"the same as a picture: {picture}", "faint")
    yield Line("")
    yield from _verdict(tuned)


def proposal_lines(proposal: Proposal, *, written: bool) -> Iterator[Line]:
    if proposal.diff:
        yield Line("written:" if written else "proposed (--write writes it):", "title")
        yield from diff_lines(proposal.diff, "  ")
    for note in proposal.notes:
        yield Line(note, "careful")


def tuned_data(tuned: Tuned, proposal: Proposal, picture: str, *, written: bool) -> dict[str, Any]:
    return {
        "routes": list(tuned.routes),
        "now": tuned.now.label,
        "best": tuned.best.label,
        "gain": round(tuned.gain, 3),
        "seconds": round(tuned.seconds, 3),
        "out_of_time": tuned.out_of_time,
        "unsteady": round(tuned.unsteady, 3),
        "candidates": [_data(tuned, result, times) for result, times in tuned.results],
        "picture": picture,
        "diff": proposal.diff,
        "notes": list(proposal.notes),
        "written": written,
    }


def picture(app: str, tuned: Tuned) -> str:
    """The plot as SVG."""
    return svg_bars(f"{app}: how quick each way to run it is", f"requests/s of {_routes(tuned)}, to now", _bars(tuned))


def _turn(turn: Turn) -> Line:
    label = f"round {turn.round}  {turn.candidate.label}"
    if turn.run is None:
        return Line(f"{label}: {turn.why_not}", "careful")
    rates = ", ".join(f"{rate:.0f}/s" for rate in turn.run.rates)
    failed = f", {turn.run.failed} failed ({turn.run.failure})" if turn.run.failed else ""
    return Line(f"{label}: {rates}{failed}", "careful" if failed else "")


def _row(tuned: Tuned, result: Result, times: float) -> tuple[str, ...]:
    rates = tuple(f"{rate:.0f}" for rate in result.rates)
    memory = size(result.memory) if result.memory else "?"
    remarks = [result.why_not, "the generator was the limit" if result.busy > BUSY else ""]
    own = "now" if result.candidate == tuned.now else "best" if result.candidate == tuned.best else ""
    said = ", ".join(filter(None, (own, *remarks)))
    return (result.candidate.label, *rates, f"{max(result.p99_ms):.0f}", memory, f"{times:.2f} ×", said)


def _bars(tuned: Tuned) -> Sequence[Bar]:
    """Quickest first."""
    usable = [found for found in tuned.results if found[0].usable]
    ordered = sorted(usable, key=lambda found: -found[1])
    return [
        Bar(result.candidate.label, times, f"{times:.2f} ×", result.candidate == tuned.best)
        for result, times in ordered
    ]


def _verdict(tuned: Tuned) -> Iterator[Line]:
    if tuned.best != tuned.now:
        yield Line(f"{tuned.best.label} answers {tuned.gain:.2f} times as many requests as {tuned.now.label}", "good")
    else:
        yield Line(f"{tuned.now.label} stays: nothing was quicker by {CLEARLY:.2f} × and more, in every turn", "good")
    if tuned.unsteady > UNSTEADY:
        times = f"{tuned.unsteady:.1f} × as quick in one turn as in another"
        yield Line(f"the same thing was {times}: the machine is busy; try again when it is not", "careful")
    if tuned.out_of_time:
        yield Line("the time was too short for all rounds: `--seconds` gives more", "careful")


def _routes(tuned: Tuned) -> str:
    return " and ".join(tuned.routes)


def _data(tuned: Tuned, result: Result, times: float) -> dict[str, Any]:
    candidate, measured = result.candidate, bool(result.runs)
    return {
        "label": candidate.label,
        "kind": candidate.kind,
        "workers": candidate.workers,
        "threads": candidate.threads,
        "preload": candidate.preload,
        "allocator": candidate.allocator,
        "rounds": len(result.runs),
        "requests_per_second": dict(zip(tuned.routes, map(_rounded, result.rates), strict=True)) if measured else {},
        "p99_ms": dict(zip(tuned.routes, map(_rounded, result.p99_ms), strict=True)) if measured else {},
        "memory": result.memory if measured else 0,
        "generator_busy": result.busy if measured else 0.0,
        "to_now": round(times, 3),
        "why_not": result.why_not,
    }


def _rounded(number: float) -> float:
    return round(number, 2)
