"""The units and processes of the live release, and those of the servers that its data is on, as the service managers
know them: one question to each."""

from __future__ import annotations

import http.client
import xmlrpc.client
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from seawall.agent import process
from seawall.agent.data import installed
from seawall.agent.data.restarts import Unit
from seawall.agent.data.vocabulary import Data
from seawall.agent.managers import SUPERVISOR, manager_of
from seawall.agent.places import Places
from seawall.agent.releases import Made
from seawall.agent.stage import fill
from seawall.agent.vocabulary import Program

SHOWN = "Id,ActiveState,SubState,NRestarts,Result,ExecMainStatus,ExecMainStartTimestampMonotonic"


def units(places: Places, made: Made) -> list[Unit]:
    """All of them. Raises CommandFailed where systemd does not answer."""
    ours = {program.name: manager_of(program) for program in made.release.programs}
    supervised = [program for program in made.release.programs if ours[program.name] == SUPERVISOR]
    others = [program for program in made.release.programs if ours[program.name] != SUPERVISOR]
    return [*_of_systemd(places, made.id, others), *_of_supervisor(places, made.id, supervised)]


def _of_systemd(places: Places, release_id: str, programs: Sequence[Program]) -> Iterator[Unit]:
    from seawall.agent.managers.systemd import systemctl

    owner = {
        fill(file.name, release_id): program
        for program in programs
        for file in program.files
        if file.name.endswith((".service", ".timer"))
    }
    for has in _shown(systemctl(places.layout), owner) if owner else ():
        program = owner[has["Id"]]
        yield _unit(has, program.name, _failed(has) if _is_started_by_a_timer(has, program) else _broken(has))


def servers(data: Data) -> list[Unit]:
    """The units of the servers of this host that the app's data is on; their programs are the servers' names."""
    owner = _servers(data)
    return [_unit(has, owner[has["Id"]], _broken(has)) for has in (_shown(["systemctl"], owner) if owner else ())]


def _servers(data: Data) -> dict[str, str]:
    kind = data.database.kind if data.database else ""
    found = {}
    if kind == "postgresql":
        # Debian's postgresql.service only starts this one, and ends at once (pg_createcluster(1)).
        found[f"postgresql@{installed.postgresql()}-main.service"] = "PostgreSQL"
        if installed.pool():
            found["pgbouncer.service"] = "PgBouncer"
    if kind == "mariadb":
        found["mariadb.service"] = "MariaDB"
    return {**found, data.redis.unit: "Redis"} if data.redis else found


def _shown(systemctl: Sequence[str], owner: Mapping[str, object]) -> Iterator[dict[str, str]]:
    """What systemd says of each of these units; "Id" is its name."""
    shown = process.run([*systemctl, "show", "-p", SHOWN, *owner], timeout=30).stdout
    for block in shown.split("\n\n"):
        has = dict(line.split("=", 1) for line in block.splitlines() if "=" in line)
        if has.get("Id", "") in owner:
            yield has


def _unit(has: Mapping[str, str], program: str, broken: str) -> Unit:
    begun = has.get("ExecMainStartTimestampMonotonic", "")
    return Unit(has["Id"], program, int(has.get("NRestarts") or 0), begun, broken)


def _is_started_by_a_timer(has: Mapping[str, str], program: Program) -> bool:
    """It is idle most of the time: only its last failure counts."""
    return program.role == "schedule" and has["Id"].endswith(".service")


def _failed(has: Mapping[str, str]) -> str:
    return f"its last run failed ({_why(has)})" if has.get("ActiveState", "") == "failed" else ""


def _why(has: Mapping[str, str]) -> str:
    return f"exit status {has.get('ExecMainStatus') or '?'}, {has.get('Result') or '?'}"


def _broken(has: Mapping[str, str]) -> str:
    """Why it does not run."""
    state = has.get("ActiveState", "")
    if state in ("active", "reloading", "refreshing"):
        return ""
    if state == "activating" and has.get("SubState") != "auto-restart":
        return ""
    return f"it ended ({_why(has)})" if not has["Id"].endswith(".timer") else "its timer does not run"


def _of_supervisor(places: Places, release_id: str, programs: Sequence[Program]) -> Iterator[Unit]:
    from seawall.agent.managers import supervisor_rpc
    from seawall.agent.managers.supervisor import DEAD

    owner = {fill(group, release_id): program.name for program in programs for group in program.units}
    if not owner:
        return
    try:
        found: list[dict[str, Any]] = supervisor_rpc.call(Path(places.layout.supervisor), "getAllProcessInfo")
    except (xmlrpc.client.Error, http.client.HTTPException, OSError):
        yield from (Unit(group, name, -1, "", "supervisord does not answer") for group, name in owner.items())
        return
    for info in found:
        if info["group"] in owner:
            why = f"{info['statename']}: {info['spawnerr'] or 'exit status ' + str(info['exitstatus'])}"
            broken = f"it does not stay up ({why})" if info["statename"] in DEAD else ""
            yield Unit(info["name"], owner[info["group"]], -1, str(info["start"]), broken)
