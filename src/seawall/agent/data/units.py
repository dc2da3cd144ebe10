"""The units and processes of the live release, as the service managers know them: one question to each."""

from __future__ import annotations

import http.client
import xmlrpc.client
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from seawall.agent import process
from seawall.agent.data.restarts import Unit
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
    if not owner:
        return
    shown = process.run([*systemctl(places.layout), "show", "-p", SHOWN, *owner], timeout=30).stdout
    for block in shown.split("\n\n"):
        has = dict(line.split("=", 1) for line in block.splitlines() if "=" in line)
        program = owner.get(has.get("Id", ""))
        if program is not None:
            begun = has.get("ExecMainStartTimestampMonotonic", "")
            yield Unit(has["Id"], program.name, int(has.get("NRestarts") or 0), begun, _broken(has, program))


def _broken(has: dict[str, str], program: Program) -> str:
    """Why it does not run. What a timer starts is idle most of the time: there only its last failure counts."""
    state = has.get("ActiveState", "")
    why = f"exit status {has.get('ExecMainStatus') or '?'}, {has.get('Result') or '?'}"
    if program.role == "schedule" and has["Id"].endswith(".service"):
        return f"its last run failed ({why})" if state == "failed" else ""
    if state in ("active", "reloading", "refreshing"):
        return ""
    if state == "activating" and has.get("SubState") != "auto-restart":
        return ""
    return f"it ended ({why})" if not has["Id"].endswith(".timer") else "its timer does not run"


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
