"""What the agent's tests share."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from seawall.agent import files, process

from .fake_programs import Programs


@pytest.fixture
def disk_that_need_not_be_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """A killed process loses nothing that it has written, so tests of that do without hundreds of real fsyncs."""

    def nothing(_: object) -> None:
        return

    monkeypatch.setattr(os, "fsync", nothing)
    monkeypatch.setattr(files, "sync_filesystem", nothing)


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Programs:
    """A folder of stand-ins that comes before the host's own programs."""
    folder = tmp_path / "programs"
    folder.mkdir()
    monkeypatch.setattr(process, "PATH", f"{folder}:/usr/bin:/bin")
    return Programs(folder)
