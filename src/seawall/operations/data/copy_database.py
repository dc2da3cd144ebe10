"""Copy the database of one environment into another: out of one host's session, into the other's, in pieces."""

from __future__ import annotations

import time
from collections.abc import Generator
from dataclasses import dataclass
from typing import Any

from seawall.errors import SeawallError, UsageError
from seawall.operations.events import Happening, Progress
from seawall.operations.hosts import Host, person
from seawall.operations.parallel import Tell, on_each


@dataclass(frozen=True)
class Route:
    """From one host's database into another's, as both have told of theirs."""

    source: Host
    target: Host
    app: str
    found: dict[str, Any]
    there: dict[str, Any]


@dataclass(frozen=True)
class Copied:
    """``bytes`` is the size of the dump, ``rows`` and ``tables`` what both sides counted before anything was changed;
    ``kept`` is the name under which the database of before is kept, and ``until`` when at least, "" for until somebody
    removes it; ``migrated`` is the command that was run."""

    bytes: int
    tables: int
    rows: int
    kept: str
    migrated: str
    seconds: float
    until: str = ""


def look(source: Host, target: Host) -> Route:
    """Raises HostError where a database is missing, UsageError where one cannot be loaded by the other."""
    found = source.session.request("data-copy-look", version="")
    there = target.session.request("data-copy-look", version=found["version"])
    if found["kind"] != there["kind"]:
        raise UsageError(
            f"{source.name} has a {found['kind']} database, and {target.name} a {there['kind']} one",
            remedy="give both environments the same kind under [database]",
        )
    if there["refusal"]:
        raise UsageError(there["refusal"], place=target.name)
    return Route(source, target, source.layout.app, found, there)


def copy(route: Route, script: str) -> Generator[Happening, None, Copied]:
    """Do it; ``script`` is SQL for the copy before anybody sees it. Raises SeawallError; unless it says otherwise both
    databases are as they were."""
    begun = time.monotonic()
    outcomes = yield from on_each([route], lambda it, tell: _pass_on(it, script, tell), lambda: _stop(route))
    if outcomes.failures:
        raise outcomes.failures[0][1]
    return Copied(**outcomes.results[0], seconds=time.monotonic() - begun)


def _pass_on(route: Route, script: str, tell: Tell) -> dict[str, Any]:
    """Piece by piece. The other side keeps apart what comes until the figures at its end are found in it, too."""
    source, target = route.source.session, route.target.session
    target.send("data-copy-receive", by=person(), script=script, app=route.app, host=route.source.name, **route.found)
    end: dict[str, Any] = {"failed": True}
    failure: SeawallError | None = None
    try:
        end = source.request_pieces("data-copy-send", lambda piece: target.send("piece", piece), by=person())
    except SeawallError as error:
        failure = error
    target.send("piece", last=True, **end)
    try:
        answer = target.answer(lambda event: tell(Progress(route.target.name, event)))
    except SeawallError as error:
        raise failure or error from None
    return answer


def _stop(route: Route) -> str:
    route.source.session.cancel()
    return "stopping: what was copied so far is thrown away"
