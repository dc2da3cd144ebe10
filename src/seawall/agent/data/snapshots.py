"""Snapshots: a dump of the database on the host itself before each migration, the newest few kept.

``vN.dump`` is the dump as the database's engine writes it, ``vN.json`` its manifest, written last: a dump without one
does not count, and goes before the next.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from seawall.agent.data import schemas
from seawall.agent.data.engines import Dump, engine_for
from seawall.agent.data.manifest import DatabasePart, Manifest, from_bytes, to_bytes
from seawall.agent.data.places import DataPlaces
from seawall.agent.data.vocabulary import Data, Database
from seawall.agent.errors import Cancelled, DiskFull
from seawall.agent.files import disk_full, fsync_directory, mount_point, write_atomic
from seawall.agent.journal import now
from seawall.agent.releases import ID, number

#: How many are kept, the new one included: a migration is seldom regretted after the next but one.
KEPT = 3
#: What must stay free beside a dump, bytes: the database goes on writing to the same disk.
RESERVE = 256 << 20
PIECE = 1 << 20
#: How often it is looked whether there still is room, bytes written.
LOOK_EVERY = 64 << 20


@dataclass(frozen=True)
class Taken:
    """A snapshot that is there: the release before whose migration it was made, its file, and its manifest."""

    release: str
    path: Path
    manifest: Manifest


def take(data: Data, database: Database, at: DataPlaces, release_id: str, cancelled: Callable[[], bool]) -> Taken:
    """Dump the database, durably, and let the oldest snapshots go.

    Raises DiskFull before anything is written if it would not fit, DumpFailed, Cancelled; no half of it stays.
    """
    folder = at.snapshots
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    _prune(at, KEPT - 1)
    _must_fit(folder, schemas.size(database))
    path = folder / f"{release_id}.dump"
    half = path.with_suffix(".part")
    begun = now()
    try:
        with engine_for(database).dump() as dump:
            size = _write(dump, half, cancelled)
            figures = dump.figures()
            dump.finish()
        half.rename(path)
    finally:
        half.unlink(missing_ok=True)
    part = DatabasePart(database.kind, database.name, dump.version, size, path.name, figures)
    manifest = Manifest(release_id, data.app, socket.gethostname(), begun, part)
    fsync_directory(str(folder))
    write_atomic(str(path.with_suffix(".json")), to_bytes(manifest), 0o600)
    return Taken(release_id, path, manifest)


def there(at: DataPlaces) -> list[Taken]:
    """The snapshots that are whole, oldest first."""
    found = []
    for path in at.snapshots.glob("v*.json"):
        if ID.fullmatch(path.stem) and path.with_suffix(".dump").exists():
            found.append(Taken(path.stem, path.with_suffix(".dump"), from_bytes(path.read_bytes())))
    return sorted(found, key=lambda taken: number(taken.release))


def _prune(at: DataPlaces, keep: int) -> None:
    """Remove all but the newest ``keep``, and what was left half."""
    kept = {taken.release for taken in there(at)[-keep:]}
    for path in at.snapshots.iterdir():
        if path.stem not in kept:
            path.unlink()


def _must_fit(folder: Path, size: int) -> None:
    free = _free(folder)
    if free < size + RESERVE:
        raise DiskFull(
            f"there is no room for a snapshot of the database: it takes about {size >> 20} MB, "
            f"{RESERVE >> 20} MB must stay free, and {free >> 20} MB are",
            place=str(folder),
            remedy=f"make room on {mount_point(str(folder))}; or migrate without one: snapshot = false under [release]",
        )


def _write(dump: Dump, part: Path, cancelled: Callable[[], bool]) -> int:
    """The dump into a file, durably, a piece at a time. Returns its size."""
    written = looked = 0
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with disk_full(str(part)), os.fdopen(descriptor, "wb", buffering=0) as file:
        while piece := dump.stream.read(PIECE):
            _all(file.fileno(), piece)
            written += len(piece)
            if written - looked >= LOOK_EVERY:
                looked = written
                _must_fit(part.parent, 0)
            if cancelled():
                raise Cancelled("stopped while the database was saved")
        os.fsync(file.fileno())
    return written


def _all(descriptor: int, piece: bytes) -> None:
    view = memoryview(piece)
    while view:
        view = view[os.write(descriptor, view) :]


def _free(folder: Path) -> int:
    found = os.statvfs(folder)
    return found.f_bavail * found.f_frsize
