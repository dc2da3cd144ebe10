"""An app's SQLite file is made once, gets its log, and is never mistaken for something else."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from seawall.agent.data.wanted import SqliteFile
from seawall.agent.errors import ApplyFailed
from seawall.agent.resources import sqlite_file
from seawall.agent.resources.work import Work
from seawall.agent.undo import UndoLog


def converge(path: Path, work: Work) -> list[str]:
    """What was changed, and then that nothing is left to change."""
    wanted = SqliteFile(str(path))
    found = sqlite_file.observe(wanted)
    change = sqlite_file.diff(wanted, found)
    if change is None:
        return []
    sqlite_file.apply(wanted, found, work)
    assert sqlite_file.diff(wanted, sqlite_file.observe(wanted)) is None
    return [change.action]


@pytest.fixture
def work(tmp_path: Path) -> Work:
    return Work(UndoLog(str(tmp_path / "undo")), lambda _: None, lambda: False)


def test_a_missing_file_is_made_with_its_folder_and_is_nobody_elses(tmp_path: Path, work: Work) -> None:
    path = tmp_path / "instance" / "site.db"
    assert converge(path, work) == ["create"]
    assert converge(path, work) == []
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700


def test_a_file_that_is_there_keeps_its_rows_and_gets_its_log(tmp_path: Path, work: Work) -> None:
    path = tmp_path / "site.db"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE note AS SELECT 1 AS id")
    assert converge(path, work) == ["update"]
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert connection.execute("SELECT * FROM note").fetchall() == [(1,)]


def test_an_empty_file_is_an_empty_database(tmp_path: Path, work: Work) -> None:
    path = tmp_path / "site.db"
    path.touch()
    assert converge(path, work) == ["update"]


def test_what_is_no_database_is_left_alone(tmp_path: Path, work: Work) -> None:
    text, link = tmp_path / "text.db", tmp_path / "link.db"
    text.write_text("a text, longer than the head of a database")
    link.symlink_to(text)
    for path in (text, link, tmp_path):
        with pytest.raises(ApplyFailed, match="is no SQLite database"):
            converge(path, work)
    assert text.read_text().startswith("a text")
