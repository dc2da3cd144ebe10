"""What the tests of resources share."""

from __future__ import annotations

from pathlib import Path

import pytest

from seawall.agent import process
from seawall.agent.resources.work import Work
from seawall.agent.undo import UndoLog

from ..fake_programs import Programs


@pytest.fixture
def lines() -> list[str]:
    """The output of the programs that were run."""
    return []


@pytest.fixture
def work(tmp_path: Path, lines: list[str]) -> Work:
    return Work(UndoLog(str(tmp_path / "undo")), lines.append, lambda: False)


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Programs:
    folder = tmp_path / "programs"
    folder.mkdir()
    monkeypatch.setattr(process, "PATH", f"{folder}:/usr/bin:/bin")
    return Programs(folder)
