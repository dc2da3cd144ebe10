"""All that one run has found, and the promises that it is compared with."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from bench.serve.crowd import Crowd
from bench.serve.model import Model
from bench.serve.rounds import Figure
from bench.serve.views import APP_VIEWS, CACHED, HELLO, PAGE, STATIC, VIEWS, View

OWN, TUTORIAL, BARE, CEILING = "seawall", "tutorial", "bare", "ceiling"


@dataclass(frozen=True)
class Results:
    """``labels`` are the entrants' by their names, in the order of the table; ``memory`` is in megabytes."""

    labels: Mapping[str, str]
    figures: tuple[Figure, ...] = ()
    memory: Mapping[str, float] = field(default_factory=dict)
    knob_labels: Mapping[str, str] = field(default_factory=dict)
    knobs: tuple[Figure, ...] = ()
    crowd: Crowd | None = None
    model: Model | None = None

    def find(self, view: View, entrant: str) -> Figure | None:
        return next((one for one in self.figures if (one.view, one.entrant) == (view.name, entrant)), None)

    def ratio(self, view: View, entrant: str, to: str = TUTORIAL) -> float | None:
        """Requests a second as a multiple of another's; None where one of them was not asked."""
        one, other = self.find(view, entrant), self.find(view, to)
        return one.rate / other.rate if one and other and other.rate else None

    def fastest(self, view: View) -> Figure | None:
        """The quickest of the others."""
        others = (one for one in self.figures if one.view == view.name and one.entrant != OWN)
        return max(others, key=lambda one: one.rate, default=None)


@dataclass(frozen=True)
class Promise:
    """Something that seawall's defaults shall hold. ``found`` and ``wanted`` are as they are read."""

    what: str
    found: str
    wanted: str
    holds: bool


def promises(results: Results) -> list[Promise]:
    """Those that this run says something of."""
    return [
        *_quicker(results, HELLO, 4.0),
        *_quicker(results, PAGE, 1.2),
        *(promise for view in APP_VIEWS for promise in _not_behind(results, view)),
        *(promise for view in APP_VIEWS for promise in _steadier(results, view)),
        *_static(results),
        *_cached(results),
        *_unimpressed(results),
        *_shared(results),
        *_answered(results),
    ]


def _quicker(results: Results, view: View, wanted: float) -> Iterator[Promise]:
    ratio = results.ratio(view, OWN)
    if ratio is not None:
        yield Promise(f"{view.title}: beside the tutorial", f"{ratio:.2f} ×", f"≥ {wanted:g} ×", ratio >= wanted)


def _not_behind(results: Results, view: View) -> Iterator[Promise]:
    own, fastest = results.find(view, OWN), results.fastest(view)
    if own and fastest:
        ratio = own.rate / fastest.rate
        what = f"{view.title}: beside the fastest of the others ({results.labels[fastest.entrant]})"
        yield Promise(what, f"{ratio:.2f} ×", "≥ 0.95 ×", ratio >= 0.95)


def _steadier(results: Results, view: View) -> Iterator[Promise]:
    own, tutorial = results.find(view, OWN), results.find(view, TUTORIAL)
    if own and tutorial:
        yield Promise(
            f"{view.title}: 99 of 100 answers within",
            f"{own.p99:.1f} ms",
            f"< {tutorial.p99:.1f} ms, the tutorial's",
            own.p99 < tutorial.p99,
        )


def _static(results: Results) -> Iterator[Promise]:
    ratio = results.ratio(STATIC, OWN, BARE)
    if ratio is not None:
        yield Promise("static file: beside bare nginx", f"{ratio:.2f} ×", "≥ 0.9 ×", ratio >= 0.9)


def _cached(results: Results) -> Iterator[Promise]:
    own, ratio = results.find(CACHED, OWN), results.ratio(CACHED, OWN, CEILING)
    if own and ratio is not None:
        found = f"{own.rate:,.0f} a second, {ratio:.2f} × `return 200`"
        yield Promise("cached page", found, "≥ 80,000 a second, or ≥ 0.5 ×", own.rate >= 80_000 or ratio >= 0.5)


def _unimpressed(results: Results) -> Iterator[Promise]:
    if results.crowd:
        ratio = results.crowd.crowded / results.crowd.alone
        found = f"{ratio:.2f} × as many requests a second"
        yield Promise("beside 1,000 slow visitors", found, "≥ 0.9 ×", ratio >= 0.9)


def _shared(results: Results) -> Iterator[Promise]:
    if results.model:
        ratio = results.model.several / results.model.one
        found = f"{results.model.several:.0f} MB, {ratio:.2f} × one worker's"
        yield Promise("4 preloaded workers with a model of 200 MB", found, "< 1.3 ×", ratio < 1.3)


def _answered(results: Results) -> Iterator[Promise]:
    if not results.figures:
        return
    failed = sum(one.failed for one in results.figures if one.entrant == OWN)
    failed += results.crowd.failed if results.crowd else 0
    yield Promise("requests that failed", f"{failed}", "0", failed == 0)


def views(results: Results) -> tuple[View, ...]:
    """The views that were asked for."""
    return tuple(view for view in VIEWS if any(one.view == view.name for one in results.figures))
