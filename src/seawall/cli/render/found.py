"""What `seawall init` found in a project, each with its place, and what it could not tell."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from seawall.cli.render.lines import Line, table

if TYPE_CHECKING:
    from seawall.config.detect.facts import Findings


def found_lines(findings: Findings, notes: Sequence[str]) -> list[Line]:
    rows = [(what, value, place) for what, value, place in _found(findings)]
    return [
        Line("found", "title"),
        *(Line(text) for text in table(rows)),
        *([Line("to know", "title")] if notes else []),
        *(Line(f"  {note}", "careful") for note in notes),
    ]


def found_data(findings: Findings, notes: Sequence[str]) -> dict[str, Any]:
    found = [{"what": what, "value": value, "place": place} for what, value, place in _found(findings)]
    return {"found": found, "notes": list(notes)}


def _found(findings: Findings) -> Iterator[tuple[str, str, str]]:
    """What, its value and its place: of facts with one value the chosen one, of lists all."""
    if findings.app.best:
        app = findings.app.items[0]
        yield "app", f"{app.value.entry} ({app.value.framework or app.value.interface})", str(app.evidence)
    if findings.requirements.best:
        yield "requirements", findings.requirements.best.path, str(findings.requirements.items[0].evidence)
    if findings.python.best:
        python = findings.python.best
        yield "python", python.version or python.constraint, str(findings.python.items[0].evidence)
    for folder in findings.static.items:
        yield "static files", f"{folder.value.url} from {folder.value.folder}", str(folder.evidence)
    for what, fact in (("health", findings.health), ("set-up", findings.setup), ("migration", findings.migrate)):
        if fact.best:
            yield what, fact.best, str(fact.items[0].evidence)
    for process in findings.processes.items:
        yield "process", f"{process.value.name}: {process.value.command}", str(process.evidence)
    for workers in findings.workers.items:
        yield "workers", str(workers.value), str(workers.evidence)
    for store in (*findings.database.items, *findings.redis.items):
        yield "data", f"{store.value.kind} ({store.value.variable})", str(store.evidence)
    for path in findings.persist.items:
        yield "writes to", path.value, str(path.evidence)
    for variable in findings.variables.items:
        kind = "secret" if variable.value.secret else "plain"
        yield "variable", f"{variable.value.name} ({kind}, {variable.value.need})", str(variable.evidence)
