"""What the tests of resources share."""

from __future__ import annotations

from pathlib import Path

import pytest

from seawall.agent.resources.work import Work
from seawall.agent.undo import UndoLog


@pytest.fixture
def lines() -> list[str]:
    """The output of the programs that were run."""
    return []


@pytest.fixture
def work(tmp_path: Path, lines: list[str]) -> Work:
    return Work(UndoLog(str(tmp_path / "undo")), lines.append, lambda: False)
