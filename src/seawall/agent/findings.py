"""What `verify` finds, area by area."""

from __future__ import annotations

import stat
from dataclasses import dataclass, field
from pathlib import Path

from seawall.agent.contents import paths


@dataclass
class Difference:
    """One path (or process) that is not as it was sent, and how."""

    path: str
    what: str


@dataclass
class Area:
    """One kind of thing that was looked at: how many of it, what differs, and what could not be told."""

    name: str
    checked: int = 0
    differences: list[Difference] = field(default_factory=list)
    note: str = ""

    def compare(self, path: Path, found: str | None, expected: str) -> None:
        """One more was looked at; ``found`` is None where there is nothing."""
        self.checked += 1
        if found is None:
            self.differs(path, "is not there")
        elif found != expected:
            self.differs(path, "was edited" if not expected.startswith("-> ") else f"is no link to {expected[3:]}")

    def guard(self, root: Path) -> None:
        """On a server nobody but root may write what runs and what is served."""
        for place in (root, *(root / path for path in paths(root, folders=True))) if root.exists() else ():
            status = place.lstat()
            if status.st_uid != 0 or (status.st_mode & 0o022 and not stat.S_ISLNK(status.st_mode)):
                self.differs(place, "others than root may write to it")

    def differs(self, path: object, what: str) -> Area:
        self.differences.append(Difference(str(path), what))
        return self

    def notes(self, text: str) -> Area:
        self.note = text
        return self
