"""Asking the host's PostgreSQL takes its own client, not Debian's search for it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from seawall.agent import process
from seawall.agent.data import psql


@pytest.mark.parametrize(
    ("versions", "expected"),
    [
        (["9.6", "15", "17"], "{}/17/bin/psql"),
        (["9.6"], "{}/9.6/bin/psql"),
        ([], "psql"),
    ],
)
def test_the_newest_client_is_asked_and_debians_own_where_there_is_none(
    versions: list[str], expected: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for version in versions:
        (tmp_path / version / "bin").mkdir(parents=True)
        (tmp_path / version / "bin" / "psql").touch()
    (tmp_path / "16" / "bin").mkdir(parents=True)  # of which only the server is there
    asked: list[str] = []

    def check(argv: list[str], **_: Any) -> process.Completed:
        asked.append(argv[0])
        return process.Completed(0, "a\tb\n", "")

    monkeypatch.setattr(psql, "VERSIONS", tmp_path)
    monkeypatch.setattr(process, "check", check)
    assert psql.ask("SELECT 'a', 'b'") == [["a", "b"]]
    assert asked == [expected.format(tmp_path)]
