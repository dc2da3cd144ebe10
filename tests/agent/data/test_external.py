"""What is made of a database's answer to the app's own driver."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from seawall.agent.data.external import External, _old_enough
from seawall.agent.data.knocking import Greeting, Target
from seawall.agent.errors import DatabaseUnfit

from ..sample import places, release

GOOD = {"driver": "psycopg", "version": "15.8", "read_only": False, "creates": True, "encrypted": True}
URL = "postgresql://book:hunter2-long@db.example.com/book"
PLACE = Greeting("192.0.2.7", 5432, True)
WANTED = Target("postgresql", (("192.0.2.7", 5432),), False)


def judged(folder: Path, said: dict[str, Any], *, migrate: str = "", wanted: Target = WANTED) -> list[str]:
    """The notes that come of an answer."""
    notes: list[str] = []
    there = places(folder / ("migrating" if migrate else "plain"))
    made = replace(release(), env={"DB": URL}, secret_names=("DB",), external="DB", migrate=migrate)
    External(there, "v1", made, notes.append)._answer(wanted, PLACE, said)
    return notes


def test_a_good_answer_is_nothing_to_talk_about(tmp_path: Path) -> None:
    assert judged(tmp_path, GOOD, migrate="flask db upgrade") == []


@pytest.mark.parametrize(
    ("said", "number", "remedy"),
    [
        ('FATAL:  password authentication failed for user "book"', 0, "correct the user or the password in the URL"),
        ("Access denied for user 'book'@'192.0.2.1' (using password: YES)", 1045, "correct the user or the password"),
        ('FATAL:  database "book" does not exist', 0, "make the database or the user"),
        ('FATAL:  no pg_hba.conf entry for host "192.0.2.1"', 0, "allow the user, from this server's address"),
        ("SSL error: certificate verify failed", 0, "give the URL the authority"),
        ("something else", 0, "the words are the database's own"),
    ],
)
def test_a_refused_login_comes_with_what_to_do(tmp_path: Path, said: str, number: int, remedy: str) -> None:
    with pytest.raises(DatabaseUnfit, match="the database does not let the app in") as caught:
        judged(tmp_path, {"driver": "psycopg", "error": said, "number": number})
    assert remedy in caught.value.remedy
    assert caught.value.place == "192.0.2.7:5432"


def test_the_password_is_not_repeated(tmp_path: Path) -> None:
    with pytest.raises(DatabaseUnfit) as caught:
        judged(tmp_path, {"driver": "psycopg", "error": f"bad {URL}", "number": 0})
    assert "hunter2" not in caught.value.fact + caught.value.output


def test_a_migration_needs_to_make_tables(tmp_path: Path) -> None:
    assert judged(tmp_path, {**GOOD, "creates": False}) == []
    with pytest.raises(DatabaseUnfit, match="the app's user may not make tables"):
        judged(tmp_path, {**GOOD, "creates": False}, migrate="flask db upgrade")


def test_a_migration_needs_the_primary(tmp_path: Path) -> None:
    assert judged(tmp_path, {**GOOD, "read_only": True}) == []
    with pytest.raises(DatabaseUnfit, match="is a read-only copy"):
        judged(tmp_path, {**GOOD, "read_only": True}, migrate="flask db upgrade")


def test_without_a_driver_the_note_says_what_was_not_checked(tmp_path: Path) -> None:
    (note,) = judged(tmp_path, {})
    assert note == "the app has no driver that could ask its database: only that 192.0.2.7:5432 answers was checked"


def test_encryption_that_the_url_asks_for_must_be_there(tmp_path: Path) -> None:
    check = External(places(tmp_path), "v1", replace(release(), external="DB"), print)
    with pytest.raises(DatabaseUnfit, match=r"DB asks for encryption, and the database at 192\.0\.2\.7:5432 has none"):
        check._encryption(replace(WANTED, encrypted=True), replace(PLACE, encrypts=False))
    check._encryption(WANTED, replace(PLACE, encrypts=False))


@pytest.mark.parametrize(
    ("version", "family"),
    [("9.6.24", "postgresql"), ("5.6.51", "mysql"), ("5.5.5-10.1.48-MariaDB", "mysql"), ("10.1.48-MariaDB", "mysql")],
)
def test_a_version_that_is_too_old_is_refused(version: str, family: str) -> None:
    with pytest.raises(DatabaseUnfit, match="is the oldest that apps can be run with"):
        _old_enough(version, family, "db:1")


@pytest.mark.parametrize(
    ("version", "family"),
    [
        ("10.23", "postgresql"),
        ("16.2 (Debian 16.2-1)", "postgresql"),
        ("8.0.36", "mysql"),
        ("5.5.5-10.11.6-MariaDB", "mysql"),
    ],
)
def test_one_that_is_recent_enough_is_not(version: str, family: str) -> None:
    _old_enough(version, family, "db:1")
