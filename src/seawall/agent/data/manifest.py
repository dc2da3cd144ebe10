"""What a backup says of itself: the last of its snapshots. Without it, a backup does not exist."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

from seawall.agent.data.figures import Figures, figures_from_wire, figures_to_wire, tables
from seawall.agent.errors import RepositoryDamaged

#: The names of the parts that are not folders, as restic has them.
DATABASE, REDIS, MANIFEST = "/database.dump", "/redis.rdb", "/manifest.json"


@dataclass(frozen=True)
class DatabasePart:
    """The dump of a database: of which kind and version, its size, the figures of the state that was dumped."""

    kind: str
    name: str
    version: str
    bytes: int
    snapshot: str
    figures: Figures = field(default_factory=dict)


@dataclass(frozen=True)
class FilesPart:
    """The app's files. ``hashes`` as `seawall.agent.data.figures.settled` gives them, by absolute path."""

    folders: tuple[str, ...]
    bytes: int
    snapshot: str
    hashes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class RedisPart:
    """The RDB file of the app's Redis."""

    version: str
    bytes: int
    snapshot: str
    figures: Figures = field(default_factory=dict)


@dataclass(frozen=True)
class Manifest:
    """``made`` is when the backup was begun: UTC, RFC 3339. ``snapshot`` of a part is the id that restic gave it."""

    id: str
    app: str
    host: str
    made: str
    database: DatabasePart | None = None
    files: FilesPart | None = None
    redis: RedisPart | None = None

    @property
    def bytes(self) -> int:
        return sum(part.bytes for part in (self.database, self.files, self.redis) if part is not None)

    @property
    def tables(self) -> int:
        return len(tables(self.database.figures)) if self.database else 0

    @property
    def rows(self) -> int:
        figures = self.database.figures if self.database else {}
        return sum(figures[name].rows for name in tables(figures))

    @property
    def empty(self) -> bool:
        """Whether nothing of an app's is in it: no table, no file."""
        return not self.tables and not (self.files and self.files.hashes)


def to_bytes(manifest: Manifest) -> bytes:
    """The manifest as it is stored."""
    wire = asdict(manifest)
    for name, part in (("database", manifest.database), ("redis", manifest.redis)):
        if part is not None:
            wire[name]["figures"] = figures_to_wire(part.figures)
    return json.dumps(wire, separators=(",", ":")).encode("utf-8", "surrogateescape") + b"\n"


def from_bytes(data: bytes) -> Manifest:
    """The counterpart of :func:`to_bytes`. Raises RepositoryDamaged for what is no manifest."""
    try:
        wire = json.loads(data)
        for name, cls in (("database", DatabasePart), ("redis", RedisPart)):
            if wire[name] is not None:
                wire[name] = cls(**{**wire[name], "figures": figures_from_wire(wire[name]["figures"])})
        if wire["files"] is not None:
            wire["files"] = FilesPart(**{**wire["files"], "folders": tuple(wire["files"]["folders"])})
        return Manifest(**wire)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise RepositoryDamaged(
            "the manifest of a backup cannot be read",
            remedy="take another one: `seawall backup list`",
            output=f"{type(error).__name__}: {error}",
        ) from error
