"""Where a restore takes the data from: a backup in the repository, or a snapshot that lies on the host."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Protocol

from seawall.agent.data import manifest, repository, snapshots
from seawall.agent.data.backup import store_of
from seawall.agent.data.manifest import DatabasePart, FilesPart, Manifest, RedisPart
from seawall.agent.data.places import DataPlaces
from seawall.agent.data.repository import Store
from seawall.agent.data.snapshots import Taken
from seawall.agent.data.vocabulary import Data
from seawall.agent.errors import NoSuchBackup


class Bytes(Protocol):
    """A dump on its way: read ``stream`` to its end, then ask it to ``finish``, which raises if that was no end."""

    @property
    def stream(self) -> IO[bytes]: ...

    def finish(self) -> None: ...


class Source(Protocol):
    """What is restored. ``manifest`` says what should come of it."""

    @property
    def manifest(self) -> Manifest: ...

    def dump(self, part: DatabasePart | RedisPart) -> AbstractContextManager[Bytes]: ...

    def files(self, part: FilesPart, target: str) -> None:
        """The app's files, by their absolute paths below the folder ``target``."""
        ...

    def check(self, part: str) -> None:
        """Read ``part`` of all there is where it lies, and compare it with its hashes. Raises RepositoryDamaged."""
        ...


@dataclass(frozen=True)
class FromRepository:
    """A backup."""

    store: Store
    manifest: Manifest

    def dump(self, part: DatabasePart | RedisPart) -> AbstractContextManager[Bytes]:
        path = manifest.DATABASE if isinstance(part, DatabasePart) else manifest.REDIS
        return self.store.read(part.snapshot, path)

    def files(self, part: FilesPart, target: str) -> None:
        self.store.restore(part.snapshot, target)

    def check(self, part: str) -> None:
        self.store.unlock()  # of a run that was killed; one that is at work keeps its own
        self.store.check(part)


@dataclass(frozen=True)
class FromSnapshot:
    """The database as it was before a migration."""

    taken: Taken

    @property
    def manifest(self) -> Manifest:
        return self.taken.manifest

    @contextmanager
    def dump(self, _part: DatabasePart | RedisPart) -> Iterator[Bytes]:
        with self.taken.path.open("rb") as file:
            yield _File(file)

    def files(self, _part: FilesPart, target: str) -> None:
        """A snapshot has none."""

    def check(self, _part: str) -> None:
        """It is no part of a repository; what comes of it is compared with its manifest."""


@dataclass(frozen=True)
class _File:
    stream: IO[bytes]

    def finish(self) -> None:
        """A file ends where it ends: if that is too early, what comes of it differs."""


def backup(data: Data, wanted: str = "") -> Source:
    """The backup of this id, or the newest whole one. Raises NoSuchBackup, RepositoryFailed."""
    store = store_of(data, DataPlaces(Path(data.base)))
    found = repository.find(store.backups(), wanted)
    return FromRepository(store, store.manifest(found))


def snapshot(data: Data, wanted: str = "") -> Source:
    """The snapshot made before the migration of this release, or the newest. Raises NoSuchBackup."""
    there = snapshots.there(DataPlaces(Path(data.base)))
    for taken in reversed(there):
        if wanted in ("", taken.release):
            return FromSnapshot(taken)
    known = ", ".join(taken.release for taken in there)
    raise NoSuchBackup(
        f"there is no snapshot {wanted}" if wanted else "there is no snapshot on this host",
        state="nothing was changed",
        remedy=f"there are {known}" if known else "`seawall restore` takes a backup from the repository",
    )
