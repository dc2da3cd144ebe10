"""SQLite: a file among the app's data, that stays from release to release."""

from __future__ import annotations

import pytest

from seawall.agent.data.wanted import SqliteFile
from seawall.errors import ConfigError
from stack.cases import LOCAL, composed, project

PROJECT = project(database={"kind": "sqlite"})


def test_the_file_is_among_the_apps_data() -> None:
    composition = composed(PROJECT)
    assert SqliteFile("/srv/guestbook/data/guestbook.db", "guestbook") in composition.resources
    assert composition.release.env["DATABASE_URL"] == "sqlite:////srv/guestbook/data/guestbook.db"


def test_it_works_the_same_on_this_machine_where_the_path_may_hold_anything() -> None:
    composition = composed(PROJECT, LOCAL)
    base = "/home/ada/My projects/guest book/.seawall/local"
    assert SqliteFile(f"{base}/data/guestbook.db", "") in composition.resources
    assert composition.release.env["DATABASE_URL"] == f"sqlite:///{base}/data/guestbook.db"


def test_how_long_a_writer_waits_is_said_where_it_is_read() -> None:
    composition = composed(PROJECT, required=frozenset({"flask-sqlalchemy"}))
    assert composition.release.env["DATABASE_URL"].endswith("guestbook.db?timeout=20")


def test_several_workers_are_told_of_one_another() -> None:
    assert any("one process write at a time" in note for note in composed(PROJECT).notes)
    alone = project(database={"kind": "sqlite"}, server={"workers": 1})
    assert not any("one process write at a time" in note for note in composed(alone).notes)


def test_several_hosts_would_have_a_database_each() -> None:
    with pytest.raises(ConfigError, match="each host would have an SQLite database of its own"):
        composed(project(database={"kind": "sqlite"}, hosts=["a.example.net", "b.example.net"]))


def test_a_path_is_for_sqlite_alone() -> None:
    with pytest.raises(ConfigError, match="only an SQLite database is a file"):
        composed(project(database={"kind": "postgresql", "path": "site.db"}), own={"DATABASE_PASSWORD": "x"})
