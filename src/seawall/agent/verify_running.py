"""What runs of a release: the service manager's files, and the processes."""

from __future__ import annotations

import os
from pathlib import Path

from seawall.agent.edits import text_at
from seawall.agent.findings import Area
from seawall.agent.managers import Manager, folder_of, manager_of
from seawall.agent.places import Places, ReleasePlaces
from seawall.agent.stage import fill
from seawall.agent.vocabulary import Program, Release

#: Where else systemd looks for drop-ins that an administrator makes (systemd.unit(5)); the distribution's own are its.
OVERRIDES = ("/etc/systemd/system", "/etc/systemd/system.control", "/run/systemd/system", "/run/systemd/system.control")


def units(places: Places, at: ReleasePlaces, release: Release) -> Area:
    """The installed unit files against those of the release; with systemd also what overrides them."""
    area = Area("units")
    for program in release.programs:
        manager = manager_of(program)
        folder = folder_of(places.layout, manager)
        for unit in program.files:
            name = fill(unit.name, at.id)
            area.checked += 1
            found = text_at(folder / name)
            if found is None:
                area.differs(folder / name, "is not there")
            elif found != fill(unit.content, at.id):
                area.differs(folder / name, "was edited")
            if manager == "systemd":
                for override in _overrides(folder, name):
                    area.differs(override, "overrides the unit")
    return area


def _overrides(folder: Path, unit: str) -> list[Path]:
    folders = sorted({folder, *map(Path, OVERRIDES)})
    return [path for where in folders for path in sorted((where / f"{unit}.d").glob("*.conf"))]


def processes(manager: Manager, at: ReleasePlaces, release: Release) -> Area:
    """The main process of each program: does it run in this release's code, and the server in its environment?"""
    area = Area("processes")
    for program in release.programs:
        if program.role == "schedule":
            continue
        pids = manager.pids(at, program)
        if not pids:
            area.differs(program.name, "does not run")
        for pid in pids:
            _process(area, at, program, pid)
    return area


def _process(area: Area, at: ReleasePlaces, program: Program, pid: int) -> None:
    area.checked += 1
    name = f"{program.name} (process {pid})"
    try:
        where, runs = os.readlink(f"/proc/{pid}/cwd"), os.readlink(f"/proc/{pid}/exe")
    except OSError as error:
        area.differs(name, f"cannot be looked at: {error.strerror}")
        return
    if where != os.path.realpath(at.code):
        area.differs(name, f"runs in {where}")
    if program.role != "web":
        return
    venv, python = os.path.realpath(at.venv), os.path.realpath(at.venv / "bin" / "python")
    if runs == f"{python} (deleted)":
        area.differs(name, f"runs {python} as it was before an update")
    elif runs != python and not runs.startswith(f"{venv}/"):
        area.differs(name, f"runs {runs}, not {python}")
