"""A virtual environment against what it was built from: what it held then, its packages' own lists of their files
(RECORD, in the Python packaging specification "Recording installed projects"), and the resolved requirements."""

from __future__ import annotations

import base64
import csv
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath

from seawall.agent import contents, hashes
from seawall.agent.findings import Area
from seawall.agent.places import Places, ReleasePlaces
from seawall.agent.requirement_files import any_local
from seawall.agent.resolutions import resolution
from seawall.agent.venvs import COMPLETE, environment_key
from seawall.agent.vocabulary import Release

_INFO = re.compile(r"(lib/python[^/]+/site-packages)/([^/]+)-([^/-]+)\.dist-info/RECORD")
_PIN = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]*)\s*(?:\[[^]]*\])?\s*==\s*([^\s;]+)")


def area(places: Places, at: ReleasePlaces, release: Release) -> Area:
    """The environment of a release."""
    found = Area("packages")
    if not at.venv.is_symlink() or at.venv.resolve().parent != places.venvs.resolve():
        return found.differs(at.venv, f"is no link into {places.venvs}")
    venv = at.venv.resolve()
    if not venv.is_dir():
        return found.differs(venv, "is not there")
    now = {path: digest for path, digest in contents.digests(venv).items() if path != COMPLETE}
    recorded = contents.read(venv / COMPLETE)
    if recorded is None:
        found.notes("what it held when it was built was not recorded: its packages' own records were compared")
    else:
        _as_built(found, places, venv, now, recorded)
    for path in sorted(now):
        if _INFO.fullmatch(path):
            _package(found, venv, path, now)
    _as_resolved(found, places, at, release, now)
    if places.layout.user:
        found.guard(venv)
    return found


def _as_built(found: Area, places: Places, venv: Path, now: Mapping[str, str], recorded: Mapping[str, str]) -> None:
    for path, digest in recorded.items():
        found.compare(venv / path, now.get(path), digest)
    for path in sorted(now.keys() - recorded.keys()):
        if places.layout.user or not contents.is_bytecode(path):
            found.differs(venv / path, "was not there when it was built")


def _package(found: Area, venv: Path, record: str, now: Mapping[str, str]) -> None:
    """One package's files against its RECORD."""
    folder = PurePosixPath(record).parent.parent
    try:
        hashed = list(_hashed(venv / record))
    except (OSError, ValueError, csv.Error):
        if not _told(found, venv / record):
            found.differs(venv / record, "is no list of its package's files")
        return
    for path, digest in hashed:
        inside = os.path.normpath(folder / path)
        if inside in now and now[inside] != digest and not _told(found, venv / inside):
            found.differs(venv / inside, "is not what its package's RECORD says")
        elif inside not in now and not _told(found, venv / inside):
            found.differs(venv / inside, "is not there")


def _told(found: Area, path: Path) -> bool:
    return any(difference.path == str(path) for difference in found.differences)


def _hashed(record: Path) -> Iterator[tuple[str, str]]:
    """The files of a RECORD that have a SHA-256 there, with it as hexadecimal digits. Raises OSError, ValueError or
    csv.Error where it is damaged."""
    with record.open(newline="", encoding="utf-8", errors="surrogateescape") as file:
        for row in csv.reader(file):
            if len(row) >= 2 and row[1].startswith("sha256="):
                text = row[1][len("sha256=") :]
                yield row[0], base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).hex()


def _as_resolved(found: Area, places: Places, at: ReleasePlaces, release: Release, now: Mapping[str, str]) -> None:
    """The packages that are there against the list of them that was made when they were resolved."""
    try:
        locked = resolution(places, at, release).read_text(errors="surrogateescape")
    except FileNotFoundError:
        found.notes(found.note or "the list of resolved packages is not kept")
        return
    venv = at.venv.resolve()
    if environment_key(locked, release) != venv.name.partition(".")[0]:
        found.differs(resolution(places, at, release), f"is not the list from which {venv.name} was built")
        return
    unnamed = release.requirements.install_project or any_local([locked])  # parts of the project, by path only
    wanted = {_normal(m[1]): m[2] for m in map(_PIN.match, hashes.lines(locked)) if m}
    there = {_normal(m[2]): m[3] for m in map(_INFO.fullmatch, now) if m}
    for name, version in sorted(there.items()):
        if name in wanted and _version(wanted[name]) != _version(version):
            found.differs(f"{name} {version}", f"the resolved requirements name {wanted[name]}")
        elif name not in wanted and not unnamed and not _at_an_address(name, locked):
            found.differs(f"{name} {version}", "is not among the resolved requirements")
    needed = {_normal(m[1]) for m in map(_PIN.match, hashes.lines(locked)) if m and ";" not in m.string}
    for name in sorted(needed - there.keys()):
        found.differs(f"{name} {wanted[name]}", "is resolved and not installed")


def _at_an_address(name: str, locked: str) -> bool:
    """Whether a package is named with the place where it is taken from: ``NAME @ URL``."""
    found = (re.match(r"([A-Za-z0-9][A-Za-z0-9._-]*)\s*(?:\[[^]]*\])?\s*@", line) for line in hashes.lines(locked))
    return any(_normal(match[1]) == name for match in found if match)


def _normal(name: str) -> str:
    """PEP 503."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _version(text: str) -> str:
    """Versions that only differ in zeros at their end are equal (PEP 440)."""
    return re.sub(r"(\.0)+$", "", text.lower())
