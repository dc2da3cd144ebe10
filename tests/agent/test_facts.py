"""What an agent says of its host."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from seawall.agent import facts


@pytest.fixture
def killed(tmp_path: Path) -> Path:
    """What a server that was killed leaves: the file with the number of a process that is gone."""
    path = tmp_path / "server.pid"
    path.write_text(f"{2**22 + 1}\n")  # more than any process can have (proc(5), pid_max)
    return path


def test_a_front_server_with_a_main_process_is_up(tmp_path: Path) -> None:
    path = tmp_path / "server.pid"
    path.write_text(f"{os.getpid()}\n")
    assert facts.is_up(path, "unknown.service")


def test_a_front_server_that_never_ran_is_down(tmp_path: Path) -> None:
    assert not facts.is_up(tmp_path / "server.pid", "unknown.service")


@pytest.mark.parametrize(
    ("state", "up"),
    [("active", True), ("activating", True), ("deactivating", True), ("inactive", False), ("failed", False)],
)
def test_a_killed_front_server_is_up_while_systemd_is_at_it(
    killed: Path, monkeypatch: pytest.MonkeyPatch, state: str, up: bool
) -> None:
    monkeypatch.setattr(facts, "_state", lambda _unit: state)
    assert facts.is_up(killed, "apache2.service") == up


def test_a_killed_front_server_is_down_where_no_systemd_starts_it_again(killed: Path) -> None:
    assert not facts.is_up(killed, "no-such-unit.service")
