"""Only migrations that have not run yet are judged: history is nobody's to edit."""

from __future__ import annotations

from pathlib import Path

import pytest

from seawall.config.load import load
from seawall.config.migrated import write_migrated
from seawall.operations.checks import check_project
from seawall.operations.tree import list_tree

TOML = 'name = "shop"\nhosts = ["root@192.0.2.1"]\n[app]\nentry = "app:app"\nrequirements = ""\n'
RULES = tuple(f"SW62{number}" for number in range(1, 9))
DROP = 'op.drop_column("post", "body")'
INDEX = 'op.create_index("ix", "post", ["title"])'


def migration(folder: Path, name: str, down: str | None, upgrade: str) -> None:
    versions = folder / "migrations/versions"
    versions.mkdir(parents=True, exist_ok=True)
    head = f'from alembic import op\n\nrevision = "{name}"\ndown_revision = {down!r}\n'
    (versions / f"{name}.py").write_text(f"{head}\n\ndef upgrade():\n    {upgrade}\n")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Two migrations that drop something, and two heads after them."""
    (tmp_path / "seawall.toml").write_text(TOML)
    (tmp_path / "app.py").write_text("from flask import Flask\n\napp = Flask(__name__)\n")
    migration(tmp_path, "a1", None, 'op.drop_table("history")')
    migration(tmp_path, "a2", "a1", DROP)
    migration(tmp_path, "a3", "a2", INDEX)
    migration(tmp_path, "b3", "a2", DROP)
    return tmp_path


def found(project: Path, *only: str) -> list[str]:
    """The places of these rules' findings."""
    return [f"{f.rule.id} {f.evidence.place}" for f in check_project(project, "production", only or RULES, ()).findings]


def deployed(project: Path, environment: str = "production") -> None:
    entries = list_tree(project, ".", ()).entries
    write_migrated(project, environment, {entry.path: entry.sha256 for entry in entries})


def test_where_no_deployment_is_known_of_the_newest_migrations_are_judged(project: Path) -> None:
    assert found(project) == ["SW624 migrations/versions/a3.py:8", "SW621 migrations/versions/b3.py:8"]


def test_after_a_deployment_only_what_came_since_is_judged(project: Path) -> None:
    deployed(project)
    assert found(project) == []
    migration(project, "c4", "a3", DROP)
    migration(project, "c5", "c4", INDEX)
    assert found(project) == ["SW621 migrations/versions/c4.py:8", "SW624 migrations/versions/c5.py:8"]


def test_a_migration_that_was_edited_after_it_ran_is_judged_again(project: Path) -> None:
    deployed(project)
    migration(project, "a2", "a1", f"{DROP}\n    pass")
    assert found(project) == ["SW621 migrations/versions/a2.py:8"]


def test_each_environment_has_a_history_of_its_own(project: Path) -> None:
    deployed(project, "staging")
    assert len(found(project)) == 2


def test_what_lies_elsewhere_than_a_deployment_knows_is_judged_by_its_newest(project: Path) -> None:
    write_migrated(project, "production", {"other/versions/x.py": "0" * 64})
    assert len(found(project)) == 2


def test_a_comment_allows_it_and_is_no_mistake_once_the_migration_is_history(project: Path) -> None:
    migration(project, "b3", "a2", f"{DROP}  # seawall: ignore[SW621] unused since spring")
    every = (*RULES, "SW003")
    assert found(project, *every) == ["SW624 migrations/versions/a3.py:8"]
    deployed(project)
    assert found(project, *every) == []


def test_what_keeps_only_postgresql_waiting_is_no_finding_with_another_database(project: Path) -> None:
    (project / "seawall.toml").write_text(TOML + '[env]\nDATABASE_URL = "sqlite:///shop.db"\n')
    assert found(project) == ["SW621 migrations/versions/b3.py:8"]


def test_migrations_of_several_databases_are_read_too(project: Path) -> None:
    (project / "migrations/versions/b3.py").write_text(
        'from alembic import op\n\nrevision = "b3"\ndown_revision = ("a2",)\n\n\ndef upgrade(engine_name):\n'
        '    globals()["upgrade_%s" % engine_name]()\n\n\ndef upgrade_users():\n    op.drop_table("user")\n'
    )
    assert "SW621 migrations/versions/b3.py:12" in found(project)


def test_a_project_that_cannot_be_written_to_is_deployed_all_the_same(project: Path) -> None:
    (project / ".seawall").write_text("in the way")
    deployed(project)
    assert load(project).app_id == "shop"
