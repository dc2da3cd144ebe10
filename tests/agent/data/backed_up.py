"""An app with a real SQLite database and some files, and backups of it, for tests of restores and drills."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from seawall.agent.data import record
from seawall.agent.data.drill import Drill
from seawall.agent.data.engines import engine_for
from seawall.agent.data.engines.sqlite import SqliteEngine
from seawall.agent.data.figures import TableFigures, of_files
from seawall.agent.data.manifest import DatabasePart, FilesPart, Manifest
from seawall.agent.data.outlook import Outlook, Wish
from seawall.agent.data.places import DataPlaces
from seawall.agent.data.record import Run
from seawall.agent.data.restore import Restore
from seawall.agent.data.restored import Restored
from seawall.agent.data.vocabulary import Data, Database, Repository
from seawall.agent.places import Places
from seawall.agent.vocabulary import Event, Layout

FIRST, SECOND = "20261128-133000", "20261129-133000"


@dataclass
class Kept:
    """A backup without a repository: a dump in a file, and a copy of the folder."""

    root: Path
    manifest: Manifest
    checked: list[str] = field(default_factory=list)

    @contextmanager
    def dump(self, _: DatabasePart) -> Iterator[Kept]:
        with (self.root / "dump").open("rb") as self.stream:
            yield self

    def finish(self) -> None:
        assert not self.stream.read(1), "the dump was not read to its end"

    def files(self, part: FilesPart, target: str) -> None:
        shutil.copytree(self.root / "files", f"{target}{part.folders[0]}")

    def check(self, part: str) -> None:
        self.checked.append(part)


@dataclass
class App:
    """``rows`` are in its table ``note``, ``files`` in its folder; ``said`` is what was heard of the jobs."""

    data: Data
    kept: list[Kept] = field(default_factory=list)
    said: list[str] = field(default_factory=list)

    @property
    def folder(self) -> Path:
        return Path(self.data.base) / "data"

    @property
    def engine(self) -> SqliteEngine:
        assert self.data.database is not None
        made = engine_for(self.data.database)
        assert isinstance(made, SqliteEngine)
        return made

    def write(self, *rows: str, **files: str) -> None:
        """Rows and files, and nothing else than these."""
        with closing(sqlite3.connect(self.engine.own)) as connection, connection:
            connection.execute("CREATE TABLE IF NOT EXISTS note (text TEXT)")
            connection.execute("DELETE FROM note")
            connection.executemany("INSERT INTO note VALUES (?)", [(row,) for row in rows])
        for name in self.files():
            (self.folder / name).unlink()
        for name, content in files.items():
            (self.folder / name).write_text(content)

    def rows(self, database: str = "tiny", table: str = "note") -> list[str]:
        with closing(sqlite3.connect(self.engine.path(database))) as connection:
            return [text for (text,) in connection.execute(f"SELECT text FROM {table}")]  # noqa: S608

    def files(self) -> dict[str, str]:
        own = [path for path in self.folder.iterdir() if not path.name.startswith("tiny")]
        return {path.name: path.read_text() for path in own}

    def back_up(self, identity: str = FIRST, **changes: Any) -> Manifest:
        """``changes`` are lies of the manifest."""
        root = Path(f"{self.data.base}.backups") / identity
        root.mkdir(parents=True)
        with self.engine.dump() as dump:
            (root / "dump").write_bytes(dump.stream.read())
            size = (root / "dump").stat().st_size
            database = DatabasePart("sqlite", "tiny", dump.version, size, "", dump.figures())
            dump.finish()
        shutil.copytree(self.folder, root / "files", ignore=shutil.ignore_patterns("tiny*"))
        hashes = {f"{self.folder}{path}": value for path, value in of_files([""], str(root / "files")).items()}
        files = FilesPart((str(self.folder),), 0, "", hashes)
        made = replace(Manifest(identity, "tiny", "web1", "2026-11-28T13:30:00Z", database, files), **changes)
        self.kept.append(Kept(root, made))
        return made

    def lie(self, *rows: str, identity: str = SECOND, **figures: TableFigures) -> None:
        """A backup of these rows, with figures of what they are now and ``figures`` besides."""
        wanted = dict(self.engine.figures("tiny"))
        self.write(*rows, **self.files())
        made = self.back_up(identity)
        assert made.database is not None
        self.kept[-1].manifest = replace(made, database=replace(made.database, figures={**wanted, **figures}))

    def restore(self, **wish: Any) -> Restored:
        """The newest backup."""
        newest = self.kept[-1]
        layout = Layout("tiny", self.data.base, self.data.base, "", "", "", "", "")
        outlook = Outlook(self.data, newest.manifest, Wish(**wish))
        return Restore(outlook, newest, Places(layout), "ada@desk", self._hear, lambda: False).run()

    def drill(self) -> dict[str, Any]:
        return Drill(self.data, "ada@desk", self.said.append).run()

    def runs(self) -> list[Run]:
        return record.read(DataPlaces(Path(self.data.base)).record)

    def left(self) -> list[str]:
        """What lies in the app's folder and beside it, but for what is always there."""
        usual = {"data", "state", "tiny.db", *self.files()}
        return sorted({path.name for path in [*Path(self.data.base).iterdir(), *self.folder.iterdir()]} - usual)

    def _hear(self, event: Event) -> None:
        self.said.append(event.text)


def an_app(base: Path, repository: Repository | None = None) -> App:
    (base / "data").mkdir(parents=True)
    (base / "state").mkdir()
    database = Database("sqlite", "tiny", path=str(base / "data" / "tiny.db"), variable="DATABASE_URL")
    app = App(Data("tiny", str(base), "", database, None, (str(base / "data"),), repository))
    app.engine.create("tiny")
    return app
