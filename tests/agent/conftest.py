"""What the agent's tests share."""

from __future__ import annotations

import os

import pytest

from seawall.agent import files


@pytest.fixture
def disk_that_need_not_be_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """A killed process loses nothing that it has written, so tests of that do without hundreds of real fsyncs."""

    def nothing(_: object) -> None:
        return

    monkeypatch.setattr(os, "fsync", nothing)
    monkeypatch.setattr(files, "sync_filesystem", nothing)
