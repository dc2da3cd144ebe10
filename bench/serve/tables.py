"""The results as tables of Markdown."""

from collections.abc import Iterable, Sequence

from bench.serve import knobs
from bench.serve.results import TUTORIAL, Results, promises, views
from bench.serve.rounds import Figure


def all_tables(results: Results) -> str:
    """Whatever of them there is something for."""
    parts = [rates(results), latencies(results), costs(results), promised(results), tuning(results)]
    return "\n\n".join(part for part in parts if part)


def rates(results: Results) -> str:
    """Requests a second, and each as a multiple of the tutorial's."""
    asked = views(results)
    if not asked:
        return ""
    rows = []
    for name, label in results.labels.items():
        found = [results.find(view, name) for view in asked]
        ratios = [results.ratio(view, name) for view in asked]
        rows.append([label, *(_rate(one, ratio, name) for one, ratio in zip(found, ratios, strict=True))])
    return table(["requests a second", *(view.title for view in asked)], rows)


def latencies(results: Results) -> str:
    """Milliseconds within which half of the answers came, and 99 of 100."""
    asked = views(results)
    rows = [[label, *(_latency(results.find(view, name)) for view in asked)] for name, label in results.labels.items()]
    return table(["ms: half, and 99 of 100, within", *(view.title for view in asked)], rows) if asked else ""


def costs(results: Results) -> str:
    """Microseconds of processor time for a request, of app and front; and megabytes of the app's processes."""
    asked = views(results)
    rows = []
    for name, label in results.labels.items():
        taken = [f"{one.processor:,.0f}" if one else "" for one in (results.find(view, name) for view in asked)]
        memory = results.memory.get(name)
        rows.append([label, *taken, f"{memory:.0f} MB" if memory else ""])
    head = ["processor time of a request, µs", *(view.title for view in asked), "memory of the app"]
    return table(head, rows) if asked else ""


def promised(results: Results) -> str:
    rows = [[one.what, one.found, one.wanted, "ok" if one.holds else "missed"] for one in promises(results)]
    return table(["promise", "found", "wanted", ""], rows) if rows else ""


def tuning(results: Results) -> str:
    """Each knob beside the first one, which has none turned: requests a second, the slowest of 100, processor time."""
    if not results.knobs:
        return ""
    base = {one.view: one for one in results.knobs if one.entrant == knobs.BASE.name}
    rows = []
    for name, label in results.knob_labels.items():
        found = {one.view: one for one in results.knobs if one.entrant == name}
        rows.append([label, *(_beside(found.get(view.name), base.get(view.name)) for view in knobs.VIEWS)])
    return table(["requests a second; 99 of 100 within; processor time", *(view.title for view in knobs.VIEWS)], rows)


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """The rows that say anything, under their head."""
    lines = [head, ["---"] * len(head), *(row for row in rows if any(row[1:]))]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _rate(one: Figure | None, ratio: float | None, name: str) -> str:
    if one is None:
        return ""
    return f"{one.rate:,.0f}" + (f" ({ratio:.2f} ×)" if ratio is not None and name != TUTORIAL else "")


def _latency(one: Figure | None) -> str:
    return f"{one.p50:.1f}, {one.p99:.1f}" if one else ""


def _beside(one: Figure | None, base: Figure | None) -> str:
    if one is None or base is None:
        return ""
    return f"{one.rate / base.rate:.2f} ×; {one.p99:.1f} ms; {one.processor:,.0f} µs"
