"""What the tests of an app's data share: a real restic, and a repository of its."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from seawall.agent.data import jobs
from seawall.agent.data.repository import Store
from seawall.agent.data.restic import Restic
from seawall.agent.data.vocabulary import Repository


@pytest.fixture(autouse=True)
def tests_that_do_not_yield(monkeypatch: pytest.MonkeyPatch) -> None:
    """A job makes its own process nice, which nobody can take back: here that would be all tests that follow."""
    monkeypatch.setattr(jobs, "yield_to_others", lambda: None)


@pytest.fixture
def restic(tmp_path: Path) -> Restic:
    """restic with a repository in a folder, that nobody has made yet."""
    if shutil.which("restic") is None:
        assert "CI" not in os.environ, "there is no restic here: ./tools/install-test-tools"
        pytest.skip("there is no restic here: ./tools/install-test-tools")
    (tmp_path / "backup.env").write_text('RESTIC_PASSWORD="correct horse"\n')
    return Restic(Repository(str(tmp_path / "backups"), str(tmp_path / "backup.env")), tmp_path / "cache")


@pytest.fixture
def store(restic: Restic) -> Store:
    """The backups of an app, in a repository that is there and empty."""
    made = Store(restic, "tiny")
    made.open_or_make()
    return made
