"""The paths of an app on a host, derived from its layout: the one place that knows what lies where."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from seawall.agent.files import gid_of, uid_of
from seawall.agent.vocabulary import Layout


@dataclass(frozen=True)
class Places:
    layout: Layout

    @property
    def uid(self) -> int:
        """The app user's number; -1 (leave as it is) on the local target."""
        return uid_of(self.layout.user) if self.layout.user else -1

    @property
    def gid(self) -> int:
        """The app group's number; -1 on the local target."""
        return gid_of(self.layout.group) if self.layout.group else -1

    @property
    def base(self) -> Path:
        return Path(self.layout.base)

    @property
    def run(self) -> Path:
        return Path(self.layout.run)

    @property
    def live(self) -> Path:
        """The one link: its rename is the switch."""
        return self.base / "live"

    @property
    def releases(self) -> Path:
        return self.base / "releases"

    @property
    def objects(self) -> Path:
        return self.base / "objects"

    @property
    def venvs(self) -> Path:
        return self.base / "venvs"

    @property
    def resolved(self) -> Path:
        return self.base / "resolved"

    @property
    def data(self) -> Path:
        return self.base / "data"

    @property
    def state(self) -> Path:
        return self.base / "state"

    @property
    def logs(self) -> Path:
        """The programs' own log files, where the service manager writes any (supervisor does)."""
        return Path(self.layout.logs)

    def logs_of(self, release_id: str) -> list[Path]:
        """The log files of a release's programs, rotated ones too: ``seawall-APP@v1.log``, ``…worker@v1-2.log.1``."""
        named = re.compile(rf".*[@-]{release_id}(-\d+)?\.log(\.\d+)?")
        return sorted(log for log in self.logs.glob("*") if named.fullmatch(log.name))

    @property
    def shared(self) -> Path:
        """The folder that stands for what all apps of the host share, where they take turns."""
        return Path(self.layout.units) if self.layout.user else self.base

    @property
    def journal(self) -> Path:
        return self.state / "journal.jsonl"

    @property
    def lock(self) -> Path:
        return self.state / "lock"

    @property
    def undo(self) -> Path:
        return self.state / "undo"

    @property
    def owned(self) -> Path:
        return self.state / "owned.json"

    @property
    def set_up(self) -> Path:
        """Exists once the app's set-up command has run."""
        return self.state / "set-up"

    @property
    def cache(self) -> Path:
        """Pages of the app that the front server keeps."""
        return self.base / "cache"

    @property
    def maintenance(self) -> Path:
        return self.base / "maintenance"

    def release(self, release_id: str) -> ReleasePlaces:
        return ReleasePlaces(self.releases / release_id, self.run / f"{release_id}.sock")


@dataclass(frozen=True)
class ReleasePlaces:
    """The paths of one release; ``socket`` is where its server listens."""

    root: Path
    socket: Path

    @property
    def id(self) -> str:
        return self.root.name

    @property
    def code(self) -> Path:
        return self.root / "code"

    @property
    def static(self) -> Path:
        return self.root / "static"

    @property
    def env(self) -> Path:
        return self.root / "env"

    @property
    def venv(self) -> Path:
        return self.root / "venv"

    @property
    def bytecode(self) -> Path:
        """The hashes of the compiled code, which Python runs in the place of the code."""
        return self.root / "bytecode.json"

    @property
    def units(self) -> Path:
        return self.root / "units"

    @property
    def record(self) -> Path:
        return self.root / "release.json"

    @property
    def memory(self) -> Path:
        """What its processes were measured to take."""
        return self.root / "memory.json"
