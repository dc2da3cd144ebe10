"""What a whole run leaves in docs/performance.md: the tables, the chart, and what they were measured on."""

import re
from collections.abc import Mapping
from pathlib import Path

from bench.serve import tables
from bench.serve.chart import Bar, Panel, chart
from bench.serve.results import OWN, Results, views
from bench.serve.views import View

DOCS = Path(__file__).parents[2] / "docs"
PAGE = DOCS / "performance.md"
CHART = DOCS / "serving.svg"
BEGIN, END = "<!-- begin: python -m bench serve -->", "<!-- end: python -m bench serve -->"


def write(results: Results, machine: Mapping[str, str]) -> None:
    """Writes chart and page. Raises ValueError where the page has no place for it."""
    CHART.write_text(drawn(results))
    PAGE.write_text(with_results(PAGE.read_text(), results, machine))


def with_results(page: str, results: Results, machine: Mapping[str, str]) -> str:
    """The page with these results between its two marks."""
    found = re.compile(f"{re.escape(BEGIN)}.*{re.escape(END)}", re.S)
    if not found.search(page):
        raise ValueError(f"the page has no lines {BEGIN} and {END}")
    inside = [
        BEGIN,
        f"![Requests a second of each server, by view]({CHART.name})",
        tables.all_tables(results),
        "Measured on: " + ", ".join(f"{key} {value}" for key, value in machine.items()) + ".",
        END,
    ]
    text = "\n\n".join(inside)
    return found.sub(lambda _: text, page)


def drawn(results: Results) -> str:
    panels = [_panel(results, view) for view in views(results)]
    return chart("Requests a second of each server, by view", panels)


def _panel(results: Results, view: View) -> Panel:
    bars = []
    for name, label in results.labels.items():
        found, ratio = results.find(view, name), results.ratio(view, name)
        if found:
            beside = f" ({ratio:.2f} ×)" if ratio is not None else ""
            bars.append(Bar(label, found.rate, f"{found.rate:,.0f}{beside}", highlight=name == OWN))
    return Panel(f"{view.title}: requests a second", tuple(bars))
