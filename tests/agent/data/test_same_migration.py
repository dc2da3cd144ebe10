"""A migration that surely has nothing to do needs no snapshot; in any doubt there is one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from agent import sample
from seawall.agent.data.same_migration import mark
from seawall.agent.data.vocabulary import Database
from seawall.agent.vocabulary import Entry, Release, Requirements

DATABASE = Database("postgresql", "shop", "shop")
SCHEMA = ("revision a2", "table public.post")
ALEMBIC = "flask --app shop:make db upgrade"


def files(**contents: str) -> tuple[Entry, ...]:
    """A project of Flask-Migrate's; ``contents`` are further files by their names, with ``__`` for a slash."""
    names = ["app.py", "requirements.txt", "migrations/alembic.ini", "migrations/env.py", "migrations/script.py.mako"]
    usual = dict.fromkeys([*names, "migrations/versions/a1.py"], "1")
    given = {name.replace("__", "/") + ".py": content for name, content in contents.items()}
    return tuple(Entry(path, content * 8, 8) for path, content in {**usual, **given}.items())


def release(*entries: Entry, migrate: str = ALEMBIC) -> Release:
    return sample.release(*(entries or files()), migrate=migrate, requirements=Requirements("requirements.txt"))


@pytest.fixture
def code(tmp_path: Path) -> Path:
    (tmp_path / "migrations").mkdir()
    (tmp_path / "migrations/alembic.ini").write_text("[alembic]\n# version_locations = %(here)s/bar\n")
    return tmp_path


def same(code: Path, before: Release, after: Release) -> bool:
    return mark(before, code, DATABASE, SCHEMA) == mark(after, code, DATABASE, SCHEMA)


@pytest.mark.parametrize(
    "command",
    [ALEMBIC, "flask db upgrade", "alembic upgrade head", "python -m flask db upgrade", "alembic -c a upgrade heads"],
)
def test_a_line_of_the_app_changes_nothing_for_alembic(code: Path, command: str) -> None:
    assert same(code, release(migrate=command), release(*files(app="2"), migrate=command))


@pytest.mark.parametrize(
    "changed", ["migrations__versions__a1", "migrations__versions__a2", "migrations__env", "migrations__versions__x__y"]
)
def test_a_file_of_the_migrations_changes_everything(code: Path, changed: str) -> None:
    assert not same(code, release(), release(*files(**{changed: "2"})))


@pytest.mark.parametrize(
    "command", ["python migrate.py", "flask db upgrade && flask seed", "flask db upgrade a2", "make"]
)
def test_of_any_other_command_nothing_is_known_and_every_file_counts(code: Path, command: str) -> None:
    before = release(migrate=command)
    assert same(code, before, replace(before))
    assert not same(code, before, release(*files(app="2"), migrate=command))


def test_requirements_variables_and_the_command_count_too(code: Path) -> None:
    before = release()
    lock = tuple(replace(e, sha256="2" * 8) if e.path == "requirements.txt" else e for e in before.entries)
    assert not same(code, before, replace(before, entries=lock))
    assert not same(code, before, replace(before, requirements=Requirements(text="flask==3", locked=True)))
    assert not same(code, before, replace(before, env={"COLOUR": "red"}))
    assert not same(code, before, replace(before, migrate="flask db upgrade"))


def test_another_schema_or_revision_or_database_counts(code: Path) -> None:
    known = mark(release(), code, DATABASE, SCHEMA)
    assert known != mark(release(), code, DATABASE, ("revision a1", "table public.post"))
    assert known != mark(release(), code, DATABASE, SCHEMA[:1])
    assert known != mark(release(), code, replace(DATABASE, name="other"), SCHEMA)


@pytest.mark.parametrize("settings", ["migrations/alembic.ini", "pyproject.toml"])
def test_where_revisions_may_lie_elsewhere_every_file_counts(code: Path, settings: str) -> None:
    (code / settings).write_text("[alembic]\nversion_locations = plugins/versions\n")
    first, second = (release(*files(app=content), Entry("pyproject.toml", "1", 8)) for content in "12")
    assert not same(code, first, second)


def test_without_a_folder_of_alembics_every_file_counts(code: Path) -> None:
    first, second = (release(*(e for e in files(app=content) if "mako" not in e.path)) for content in "12")
    assert not same(code, first, second)
