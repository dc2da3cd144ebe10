"""The journal: what was done to an app on this host, one JSON object a line, each on disk before the next step.

It is the audit trail, and what recovery reads after a deployment was cut off. It never holds values of variables.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from seawall.agent.files import disk_full, fsync_directory

#: How much of the end is read, bytes: some hundred deployments, where recovery needs the last.
LATEST = 1 << 20
#: A larger journal is begun anew, bytes.
LARGEST = 8 << 20


@dataclass(frozen=True)
class Interrupted:
    """A deployment that began and never ended: what it was, of which release, how far it came, by whom."""

    action: str
    release: str
    step: str
    by: str
    since: str

    def describe(self) -> str:
        return f"{self.action} of {self.release} by {self.by or 'somebody'}, begun {self.since}, cut off at {self.step}"


class Journal:
    def __init__(self, path: Path) -> None:
        self.path = path

    def write(self, step: str, **facts: Any) -> None:
        """Append one record and wait until the disk has it."""
        record = {"time": now(), "step": step, **facts}
        line = json.dumps(record, separators=(",", ":")).encode() + b"\n"
        new = not self.path.exists()
        with disk_full(str(self.path)):
            fd = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
            try:
                _append(fd, line)
                os.fsync(fd)
            finally:
                os.close(fd)
        if new:
            fsync_directory(str(self.path.parent))

    def records(self) -> list[dict[str, Any]]:
        """The latest records in order. A last line torn by a power cut is left out: its step did not happen."""
        try:
            with self.path.open("rb") as file:
                file.seek(max(os.fstat(file.fileno()).st_size - LATEST, 0))
                lines = file.read().splitlines()
        except FileNotFoundError:
            return []
        return [record for line in lines if (record := _parse(line)) is not None]

    def has_come_to(self, step: str) -> bool:
        """Whether the last deployment has come to this step."""
        steps = [record["step"] for record in self.records()]
        begun = len(steps) - steps[::-1].index("begin") if "begin" in steps else len(steps)
        return step in steps[begun:]

    def rotate(self) -> None:
        """Begin a new file once this one is large; the one before is kept."""
        if self.path.exists() and self.path.stat().st_size > LARGEST:
            self.path.rename(self.path.with_name(self.path.name + ".1"))
            fsync_directory(str(self.path.parent))

    def interrupted(self) -> Interrupted | None:
        """The last deployment, if it has a ``begin`` and no ``end``."""
        begun: Mapping[str, Any] | None = None
        step = ""
        for record in self.records():
            if record["step"] == "begin":
                begun, step = record, "begin"
            elif record["step"] in ("end", "destroyed"):
                begun = None
            elif begun is not None:
                step = record["step"]
        if begun is None:
            return None
        return Interrupted(begun["action"], begun["release"], step, begun.get("by", ""), begun["time"])


def now() -> str:
    """The host's time, UTC, ISO 8601. For people only: nothing is decided by it."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


def _parse(line: bytes) -> dict[str, Any] | None:
    try:
        record = json.loads(line)
    except ValueError:
        return None
    return record if isinstance(record, dict) and "step" in record else None


def _append(fd: int, line: bytes) -> None:
    """Write a line whole; after one that was cut short it begins a new one, so that both can be told apart."""
    end = os.fstat(fd).st_size
    if end and os.pread(fd, 1, end - 1) != b"\n":
        line = b"\n" + line
    while line:
        line = line[os.write(fd, line) :]
