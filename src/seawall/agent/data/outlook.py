"""What a restore would do: which backup, in the place of what; and what cannot be, refused before anything happens."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from seawall.agent.data.engines import engine_for
from seawall.agent.data.engines.redis import RedisEngine
from seawall.agent.data.exchange import stays
from seawall.agent.data.manifest import Manifest
from seawall.agent.data.vocabulary import Data, Database, RedisServer
from seawall.agent.errors import BadRequest, NotEmpty

NOTHING = "nothing was changed"


@dataclass(frozen=True)
class Wish:
    """What a person wants: the backup ``to`` a folder (with a slash) or a database instead of the live data; one
    ``table`` of it only; ``replace`` what is there."""

    to: str = ""
    table: str = ""
    replace: bool = False

    @property
    def folder(self) -> Path | None:
        return Path(self.to) if "/" in self.to else None


@dataclass(frozen=True)
class Outlook:
    """A backup, by its manifest, and what is to become of it on a host."""

    data: Data
    backup: Manifest
    wish: Wish

    def told(self) -> dict[str, Any]:
        """What the backup is and what would be replaced, as JSON-ready data. Raises NotEmpty, BadRequest."""
        self.check()
        return {
            "backup": self.backup.id,
            "made": self.backup.made,
            "made_on": self.backup.host,
            "bytes": self.backup.bytes,
            "tables": self.backup.tables,
            "rows": self.backup.rows,
            "files": len(self.backup.files.hashes) if self.backup.files else 0,
            "database": self.wish.to or self.live_name if self.database and not self.wish.folder else "",
            "folders": [str(live) for live, _ in self.folders],
            "redis": self.redis is not None,
            "held": self.held(),
        }

    def check(self) -> None:
        """Raises BadRequest, NotEmpty."""
        if self.wish.table and (self.wish.to or self.wish.replace):
            raise BadRequest(
                "a single table is restored beside the live one, and never over it",
                state=NOTHING,
                remedy="leave out --to and --replace; then copy the rows you want",
            )
        if self.wish.folder and not self.wish.folder.is_absolute():
            raise BadRequest(
                "a folder on the host is named from its root", place=self.wish.to, state=NOTHING, remedy="--to /folder"
            )
        if not self.wish.folder and (self.wish.table or self.wish.to) and self.database is None:
            raise BadRequest("this backup has no database", place=self.backup.id, state=NOTHING)
        held = self.held()
        if held and not self.wish.replace:
            raise NotEmpty(
                f"{' and '.join(held)} {'is' if len(held) == 1 else 'are'} not empty",
                state=NOTHING,
                remedy="say --replace: what is there now is kept under another name; or restore elsewhere: --to NAME",
            )

    def held(self) -> list[str]:
        """What the restore would go over and holds something, in words."""
        if self.wish.table:
            return []
        if self.wish.folder:
            return [str(self.wish.folder)] if self.wish.folder.exists() and any(self.wish.folder.iterdir()) else []
        database, name = self.database, self.wish.to or self.live_name
        held = [f"database {name}"] if database and not engine_for(database).is_empty(name) else []
        held += ["Redis"] if self.redis and RedisEngine(self.redis).figures() else []
        return held + [str(live) for live, _ in self.folders if live.exists() and any(self._content(live))]

    @property
    def live_name(self) -> str:
        return self.data.database.name if self.data.database else ""

    @property
    def database(self) -> Database | None:
        """The app's database, if the backup has one too. Raises BadRequest if that is of another kind."""
        part, database = self.backup.database, self.data.database
        if part is None:
            return None
        if database is None or database.kind != part.kind:
            if self.wish.folder:
                return None
            raise BadRequest(
                f"the backup holds a {part.kind} database, and the app has {database.kind if database else 'none'}",
                place=self.backup.id,
                state=NOTHING,
                remedy=f'deploy with [database] kind = "{part.kind}" first, or unpack the backup: --to DIR',
            )
        return database

    @property
    def redis(self) -> RedisServer | None:
        """The app's Redis, if it is to hold what the backup has of it."""
        elsewhere = self.wish.to or self.wish.table
        return self.data.redis if self.backup.redis and not elsewhere else None

    @property
    def folders(self) -> list[tuple[Path, str]]:
        """Each live folder that is to be replaced, and what it was called where the backup was made."""
        part = self.backup.files
        if part is None or self.wish.to or self.wish.table:
            return []
        ours = {Path(folder).name: Path(folder) for folder in self.data.folders}
        return [(ours[Path(name).name], name) for name in part.folders if Path(name).name in ours]

    def _content(self, live: Path) -> Iterator[Path]:
        return (path for path in live.rglob("*") if not stays(path, self.data.database) and not path.is_dir())
