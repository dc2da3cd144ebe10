"""Restored files, and a restored database, taking the place of the live ones.

Files are renamed, one entry of a folder after the other, so that a folder may be a mount point; the database comes last
and in one step. What is to be done is written down first: one that was cut off is put back by the next run, or is
through, if the database was exchanged.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from seawall.agent.data.engines import Engine
from seawall.agent.data.vocabulary import Database
from seawall.agent.errors import AgentError
from seawall.agent.files import fsync_directory, remove, write_atomic

#: A file system's own folder.
NOT_OURS = ("lost+found",)

Move = tuple[str, str]


@dataclass(frozen=True)
class Folder:
    """A live folder, its restored copy, and where the live content goes. ``database`` is the app's; the file of an
    SQLite database may lie in the folder, and stays with those beside it."""

    live: Path
    restored: Path
    before: Path
    database: Database | None = None

    def prepare(self) -> list[Move]:
        """Make ``before``, and say what has to be renamed. Raises AgentError across file systems."""
        if self.live.stat().st_dev != self.restored.stat().st_dev:
            raise AgentError(
                "the folder is on another file system than the app's own, so nothing can be exchanged in one step",
                place=str(self.live),
                state="the live data is as it was",
                remedy="restore into a folder (`seawall restore --to DIR`) and copy what you need",
            )
        return [*self._away(self.live, self.before), *self._in(self.restored, self.live)]

    def _away(self, live: Path, before: Path) -> Iterator[Move]:
        before.mkdir(mode=live.stat().st_mode & 0o777)
        os.chown(before, live.stat().st_uid, live.stat().st_gid)
        for path in sorted(live.iterdir()):
            if self._leads_to_the_database(path):
                yield from self._away(path, before / path.name)
            elif not stays(path, self.database):
                yield str(path), str(before / path.name)

    def _in(self, restored: Path, live: Path) -> Iterator[Move]:
        for path in sorted(restored.iterdir()):
            there = live / path.name
            if self._leads_to_the_database(there) and there.is_dir():
                yield from self._in(path, there)
            elif not stays(there, self.database):
                yield str(path), str(there)

    def _leads_to_the_database(self, path: Path) -> bool:
        file = self.database.path if self.database else ""
        return bool(file) and path in Path(file).parents and not path.is_symlink()


def stays(path: Path, database: Database | None) -> bool:
    """Whether an entry of a folder is none of the app's files: the file system's own, or one of the app's SQLite
    database, of what it was before, or of what will take its place."""
    if path.name in NOT_OURS:
        return True
    if database is None or not database.path or path.parent != Path(database.path).parent:
        return False
    own = Path(database.path)
    names = "|".join(re.escape(name) for name in (own.stem, database.name))
    return bool(re.fullmatch(rf"({names})(_(before|restore|drill)\w*)?{own.suffix}(-wal|-shm|-journal)?", path.name))


@dataclass(frozen=True)
class Noted:
    """What is about to be done: the renames, the database that will be live (by its scratch name), the release that is
    stopped meanwhile, whether it was in maintenance before, and where what Redis held will be; "" for none."""

    moves: tuple[Move, ...]
    scratch: str
    live: str
    maintenance: bool
    redis: str = ""


def note(marker: Path, noted: Noted) -> None:
    """Write it down, durably."""
    write_atomic(str(marker), json.dumps(asdict(noted)).encode(), 0o600)


def noted(marker: Path) -> Noted | None:
    """What a restore that was cut off was about to do; None if none was."""
    if not marker.exists():
        return None
    wire = json.loads(marker.read_bytes())
    return Noted(tuple((source, target) for source, target in wire.pop("moves")), **wire)


def forget(marker: Path) -> None:
    """All is done, or all is put back."""
    remove(str(marker))


def move(moves: Sequence[Move]) -> None:
    """Rename, durably. Raises OSError with some of it done, for :func:`put_back`."""
    for source, target in moves:
        Path(source).rename(target)
    for folder in {os.path.dirname(path) for pair in moves for path in pair}:
        fsync_directory(folder)


def put_back(moves: Sequence[Move]) -> None:
    """Undo what :func:`move` did, wherever it was cut off."""
    for source, target in reversed(moves):
        if os.path.lexists(target) and not os.path.lexists(source):
            Path(target).rename(source)


def is_through(cut_off: Noted, engine: Engine | None) -> bool:
    """Whether the restored database, which comes last, is live already."""
    return bool(cut_off.scratch) and engine is not None and not engine.exists(cut_off.scratch)
