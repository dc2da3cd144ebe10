"""Programs that stand in for a host's."""

from __future__ import annotations

from pathlib import Path


class Programs:
    """Small programs that stand in for a host's: each records how it was called."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.calls = folder / "calls"

    def add(self, name: str, body: str = "") -> None:
        program = self.folder / name
        program.write_text(f'#!/bin/sh\nprintf "%s\\n" "{name} $*" >> {self.calls}\n{body}\n')
        program.chmod(0o755)

    def called(self) -> list[str]:
        return self.calls.read_text().splitlines() if self.calls.exists() else []
