"""The record: what was done with an app's data, a line of JSON for each run. Status, alerts and retention go by it."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from seawall.agent.files import disk_full, fsync_directory, write_atomic

#: The kinds of runs.
BACKUP, DRILL, RESTORE, SNAPSHOT, COPY = "backup", "drill", "restore", "snapshot", "copy"
#: The removal of what a restore had put aside.
DROP = "drop"
#: The removal of old backups after a new one; only one that failed is written down.
RETENTION = "retention"
#: A copy of the whole PostgreSQL server for recoveries of a moment.
ARCHIVE = "archive"

#: A record with more lines loses its older half: some years of a daily backup and a daily drill.
LONGEST = 4000


@dataclass(frozen=True)
class Run:
    """One run of a job. ``begun`` and ``ended`` are UTC, as in RFC 3339; ``id`` is that of the backup it made or used.

    ``bytes`` is the size of what was backed up or restored; ``error`` a sentence, "" if all went well; ``details`` what
    else there is to say of it, JSON-ready and never a secret.
    """

    job: str
    id: str
    begun: str
    ended: str
    ok: bool
    bytes: int = 0
    error: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)

    def to_wire(self) -> dict[str, Any]:
        return asdict(self)


def append(path: Path, run: Run) -> None:
    """Write one run down, durably. Raises DiskFull, OSError."""
    line = json.dumps(run.to_wire(), separators=(",", ":")).encode() + b"\n"
    new = not path.exists()
    with disk_full(str(path)):
        descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "r+b", buffering=0) as file:
            file.write(_after_a_torn_line(descriptor) + line)
            os.fsync(descriptor)
    if new:
        fsync_directory(str(path.parent))
    _shorten(path)


def read(path: Path) -> list[Run]:
    """All runs, oldest first; a line that a power cut tore, or that another version wrote, is left out."""
    try:
        lines = path.read_bytes().splitlines()
    except FileNotFoundError:
        return []
    return [run for line in lines if (run := _parse(line)) is not None]


def _parse(line: bytes) -> Run | None:
    try:
        return Run(**json.loads(line))
    except (ValueError, TypeError):
        return None


def _after_a_torn_line(descriptor: int) -> bytes:
    """What keeps a new line apart from one that was cut short."""
    end = os.fstat(descriptor).st_size
    return b"\n" if end and os.pread(descriptor, 1, end - 1) != b"\n" else b""


def _shorten(path: Path) -> None:
    lines = path.read_bytes().splitlines(keepends=True)
    if len(lines) > LONGEST:
        write_atomic(str(path), b"".join(lines[-LONGEST // 2 :]), 0o600)
