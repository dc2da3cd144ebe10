"""Whether what lies and runs on this host is what was sent: every file of a release is read again and compared with
what its record says.

This tells edits, damage and mistakes. Who is root on the host can also rewrite the record, and this program.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from seawall.agent import compressed, contents, edits, releases, verify_environment, verify_running
from seawall.agent.endpoint import MARKERS, link_name, markers, socket_marker
from seawall.agent.errors import AgentError, NoSuchRelease
from seawall.agent.findings import Area
from seawall.agent.managers import Manager
from seawall.agent.places import Places, ReleasePlaces
from seawall.agent.stage import files_in
from seawall.agent.store import PART, Store, hash_file, key
from seawall.agent.vocabulary import Entry, Release


@dataclass
class Reader:
    """Hashes files, each content once: a release's file and its object are the same one."""

    known: dict[tuple[int, int], str] = field(default_factory=dict)

    def digest(self, path: Path) -> str:
        status = path.lstat()
        if not stat.S_ISREG(status.st_mode):
            return ""
        inode = (status.st_dev, status.st_ino)
        if inode not in self.known:
            self.known[inode] = hash_file(path)
        return self.known[inode]


def verify(places: Places, manager: Manager, *, every: bool) -> dict[str, Any]:
    """The live release, or ``every`` one that is kept, with what is the same for all. Raises AgentError."""
    live = releases.live_id(places)
    reader = Reader()
    kept = [name for name in releases.ids(places) if places.release(name).record.exists()]
    wanted = kept if every else [name for name in kept if name == live]
    found = [(name, list(_release(places, manager, name, live, reader))) for name in reversed(wanted)]
    whole = [_link(places, live), _objects(places, wanted, reader, every=every)]
    return {
        "live": live,
        "areas": [asdict(area) for area in whole],
        "releases": [{"id": name, "areas": [asdict(area) for area in areas]} for name, areas in found],
    }


def _release(places: Places, manager: Manager, name: str, live: str, reader: Reader) -> Iterator[Area]:
    at = places.release(name)
    try:
        made = _made(places, name)
        data = json.loads(at.record.read_bytes())
    except AgentError as error:
        yield Area("record").differs(at.record, error.fact)
        return
    yield _record(at, data, made)
    yield _code(places, at, made.release, reader)
    yield _static(places, at, made.release, reader)
    yield _generated(places, at, made.release)
    yield _env(places, at, data, made)
    yield verify_environment.area(places, at, made.release)
    if name in manager.installed(places):
        yield verify_running.units(places, at, made.release)
        if name == live:
            yield verify_running.processes(manager, at, made.release)


def _made(places: Places, name: str) -> releases.Made:
    """Raises AgentError if the release's files cannot be understood."""
    try:
        return releases.load(places, name)
    except NoSuchRelease:
        raise AgentError(f"cannot be read: {places.release(name).env.name} beside it is not there") from None
    except OSError as error:
        raise AgentError(f"cannot be read: {error.strerror}") from error
    except (ValueError, KeyError, TypeError, AttributeError):
        # Not what it says: that may hold what is in the file, and so the values of variables.
        raise AgentError(f"cannot be read: it, or {places.release(name).env.name} beside it, is damaged") from None


def _entries(places: Places, name: str) -> tuple[Entry, ...]:
    try:
        return _made(places, name).release.entries
    except AgentError:  # told already, with the release
        return ()


def _record(at: ReleasePlaces, data: Mapping[str, Any], made: releases.Made) -> Area:
    """The record against its own fingerprint, over the fields it was made with: other versions know others."""
    area = Area("record", checked=1)
    if made.env_edited:
        return area.notes("its fingerprint covers the variables, which were edited")
    release = {**data["release"], "env": dict(made.release.env)}
    release.pop("source", None)
    release["entries"] = sorted(release["entries"], key=lambda entry: str(entry["path"]))
    if hashlib.sha256(json.dumps(release, sort_keys=True).encode()).hexdigest() != made.fingerprint:
        recorded = "env_sha256" in data
        area.differs(at.record, "was edited" if recorded else f"was edited, or {at.env.name} beside it")
    return area


def _code(places: Places, at: ReleasePlaces, release: Release, reader: Reader) -> Area:
    """The project's files, the links to what lives on, and what Python compiled the code to."""
    area = Area("code")
    links = {path: str(places.data / path) for path in release.persist}
    expected = {entry.path: entry for entry in edits.own_entries(release)}
    bytecode = contents.read(at.bytecode)
    if bytecode is None:
        area.notes("what the code was compiled to was not recorded")
    for path, target in links.items():
        area.compare(at.code / path, _leads_to(at.code / path), f"-> {target}")
    for entry in expected.values():
        _entry(area, at.code / entry.path, entry, reader)
    for path, digest in (bytecode or {}).items():
        area.compare(at.code / path, _digest(reader, at.code / path), digest)
    for path in contents.paths(at.code):
        compiled = contents.is_bytecode(path) and (bytecode is None or not places.layout.user)
        if path not in expected and path not in links and path not in (bytecode or {}) and not compiled:
            area.differs(at.code / path, "was not sent")
    if places.layout.user:
        area.guard(at.code)
    return area


def _static(places: Places, at: ReleasePlaces, release: Release, reader: Reader) -> Area:
    area = Area("static files")
    expected: dict[str, Entry] = {}
    for mount, source in release.static.items():
        for inside, entry in files_in(PurePosixPath(source), release.entries):
            expected[f"{mount}/{inside}"] = entry
            _entry(area, at.static / mount / inside, entry, reader)
    for path in contents.paths(at.static):
        plain = expected.get(path.removesuffix(compressed.SUFFIX)) if path.endswith(compressed.SUFFIX) else None
        if path not in expected and plain:
            area.compare(at.static / path, compressed.digest(at.static / path), plain.sha256)
        elif path not in expected:
            area.differs(at.static / path, "was not sent")
    if places.layout.user:
        area.guard(at.static)
    return area


def _generated(places: Places, at: ReleasePlaces, release: Release) -> Area:
    area = Area("settings")
    for path, text in edits.written(at, release):
        found = edits.text_at(path)
        area.checked += 1
        if found != text:
            area.differs(path, "is not there" if found is None else "was edited")
    link = at.root / link_name(release.listen)
    area.compare(link, _leads_to(link), f"-> {at.socket}")
    _unwanted_markers(area, at, release)
    if places.layout.user:
        area.guard(at.root / "settings")
    return area


def _unwanted_markers(area: Area, at: ReleasePlaces, release: Release) -> None:
    """The front server goes by these files: one that does not belong there misleads it."""
    for name in sorted(set(MARKERS) - markers(at.id, release.listen).keys() - {*socket_marker(release.listen)}):
        if (at.root / name).exists():
            area.differs(at.root / name, "was not sent")


def _env(places: Places, at: ReleasePlaces, data: Mapping[str, Any], made: releases.Made) -> Area:
    area = Area("variables", checked=1)
    if "env_sha256" not in data:
        area.notes("their hash was not recorded when this release was made")
    if made.env_edited:
        area.differs(at.env, "was edited")
    status = at.env.lstat()
    if places.layout.user and (status.st_uid != 0 or status.st_mode & 0o077):
        area.differs(at.env, f"others than root can read it (mode {stat.S_IMODE(status.st_mode):04o})")
    return area


def _objects(places: Places, wanted: Iterable[str], reader: Reader, *, every: bool) -> Area:
    """The contents that releases are laid out from: those of the releases asked for, or all there are."""
    area = Area("contents")
    store = Store(places.objects)
    if every and places.objects.is_dir():
        names = [name for name in sorted(os.listdir(places.objects)) if not name.endswith(PART)]
    else:
        names = sorted({key(entry) for name in wanted for entry in _entries(places, name) if entry.sha256})
    for name in names:
        packed = name.endswith(compressed.SUFFIX)
        found = compressed.digest(store.root / name) if packed else _digest(reader, store.root / name)
        area.compare(store.root / name, found, name.partition(".")[0])
    return area


def _link(places: Places, live: str) -> Area:
    area = Area("live link")
    if live:
        area.compare(places.live, _leads_to(places.live), f"-> releases/{live}")
        if not places.release(live).record.exists():
            area.differs(places.live, f"leads to {live}, which is not there")
    return area


def _entry(area: Area, path: Path, entry: Entry, reader: Reader) -> None:
    if entry.target:
        area.compare(path, _leads_to(path), f"-> {entry.target}")
        return
    area.compare(path, _digest(reader, path), entry.sha256)
    if path.is_file() and bool(path.lstat().st_mode & stat.S_IXUSR) != entry.executable:
        area.differs(path, "may be run" if not entry.executable else "may not be run")


def _digest(reader: Reader, path: Path) -> str | None:
    try:
        return reader.digest(path)
    except (FileNotFoundError, NotADirectoryError):
        return None


def _leads_to(path: Path) -> str | None:
    try:
        return f"-> {os.readlink(path)}"
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError:  # it is no link
        return ""
