"""The sum behind the application server, for people and as data."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from seawall.cli.render.lines import Line, count, size, table
from seawall.operations.explain import ServerExplained
from seawall.stack.at_once import MOST_WORKERS
from seawall.stack.sizing import Sizing, Term


def server_lines(found: Sequence[ServerExplained]) -> Iterator[Line]:
    for one in found:
        yield Line(f"{one.host}: {one.kind} with {_counted(one.sizing)}", "title")
        yield Line(f"  {one.kind}: {one.reason or 'as `server.kind` says'}")
        for text in table(((term.name, _amount(term), term.why) for term in one.sizing.terms), "  "):
            yield Line(text)
        yield Line(f"  so {count(one.sizing.workers, 'worker')}: {_why(one.sizing)}", "good")


def server_data(found: Sequence[ServerExplained]) -> dict[str, Any]:
    return {"hosts": [_data(one) for one in found]}


def _data(one: ServerExplained) -> dict[str, Any]:
    sizing = one.sizing
    return {
        "host": one.host,
        "kind": one.kind,
        "reason": one.reason,
        "workers": sizing.workers,
        "threads": sizing.threads,
        "limit": sizing.limit,
        "worker_memory": sizing.figure.worker,
        "source": sizing.figure.source,
        "measured": sizing.figure.measured,
        "sum": [{"name": term.name, "value": term.value, "why": term.why} for term in sizing.terms],
    }


def _counted(sizing: Sizing) -> str:
    return f"{count(sizing.workers, 'worker')} of {count(sizing.threads, 'thread')}"


def _amount(term: Term) -> str:
    if term.counts:
        return str(term.value)
    return f"-{size(-term.value)}" if term.value < 0 else size(term.value)


def _why(sizing: Sizing) -> str:
    return {
        "cores": "that is what the cores can use, and there is memory for it",
        "most": f"more than {MOST_WORKERS} should be somebody's decision, made by measuring (`seawall tune`)",
        "memory": "that is what the memory holds",
        "chosen": "as `server.workers` says",
        "server": "this server is one process",
    }[sizing.limit]
