"""What the tests of a host's set-up share."""

from __future__ import annotations

from pathlib import Path

import pytest

from seawall.agent import process

from ..fake_programs import Programs


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Programs:
    folder = tmp_path / "programs"
    folder.mkdir()
    monkeypatch.setattr(process, "PATH", f"{folder}:/usr/bin:/bin")
    return Programs(folder)
