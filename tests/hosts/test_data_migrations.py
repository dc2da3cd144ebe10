"""Migrations of a database that seawall manages: a snapshot first, and an exact word if one fails half way."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from .data_host import add_rows, ledger_project, rows
from .machine import Host
from .product import Project, Result

ENV = """\
from alembic import context

from app import engine

with engine.connect() as connection:
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()
"""
HALF_WAY = 'raise RuntimeError("half way")'


@dataclass
class Site:
    host: Host
    project: Project
    kind: str

    @property
    def base(self) -> str:
        return f"/srv/ledger-{self.kind}"

    @property
    def domain(self) -> str:
        return f"ledger-{self.kind}.example.com"

    def migration(self, name: str, down: str | None, *lines: str) -> None:
        """Write a revision whose upgrade is these lines."""
        body = "".join(f"    {line}\n" for line in lines)
        head = f'import sqlalchemy as sa\nfrom alembic import op\n\nrevision = "{name}"\ndown_revision = {down!r}\n'
        self.project.write(f"migrations/versions/{name}.py", f"{head}\n\ndef upgrade():\n{body}")

    def snapshots(self) -> list[str]:
        return self.host.run(["ls", f"{self.base}/state/data/snapshots"], check=False).stdout.split()

    def add(self, word: str) -> None:
        add_rows(self.host, word, domain=self.domain)

    def rows(self) -> list[str]:
        return rows(self.host, domain=self.domain)

    def fails(self, code: int) -> str:
        """Deploy, which must fail; the answer is what is said of it."""
        told: Result = self.project.deploy(check=False)
        assert told.code == code, told.said
        print(told.err)
        return told.err[told.err.index("error: ") :]


@pytest.fixture(scope="module", params=["postgresql", "mariadb", "sqlite"])
def site(
    request: pytest.FixtureRequest,
    data_host: Host,
    ssh_environment: Mapping[str, str],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Site]:
    """The app that keeps rows, with its table made by a first migration, and a second release of it."""
    kind = request.param
    directory: Path = tmp_path_factory.mktemp(kind)
    project = ledger_project(directory, ssh_environment, data_host.name, kind=kind, name=f"ledger-{kind}")
    project.configure(release={"setup": None, "migrate": "alembic upgrade head"})
    project.write("requirements.txt", f"{(project.directory / 'requirements.txt').read_text()}alembic\n")
    project.write("alembic.ini", "[alembic]\nscript_location = migrations\nprepend_sys_path = .\n")
    project.write("migrations/env.py", ENV)
    project.write("migrations/script.py.mako", "")
    made = Site(data_host, project, kind)
    columns = 'sa.Column("id", sa.Integer(), primary_key=True), sa.Column("word", sa.String(200), nullable=False)'
    made.migration("a1", None, f'op.create_table("rows_kept", {columns})')
    project.deploy()
    made.add("first")
    yield made
    project.seawall("destroy", "--yes", check=False)


def test_a_line_of_the_app_is_deployed_without_a_snapshot(site: Site) -> None:
    """And the first deployment, which found an empty database, made none either."""
    site.project.release("two")
    told = site.project.deploy()
    assert "migrated" in told.err
    assert "saved" not in told.err
    assert site.snapshots() == []


def test_a_migration_that_fails_leaves_the_old_release_on_its_schema_or_says_how_to_get_there(site: Site) -> None:
    live = site.project.live()
    add_column = 'op.add_column("rows_kept", sa.Column("extra", sa.String(20)))'
    site.migration("b2", "a1", add_column, "op.execute(\"UPDATE rows_kept SET extra = 'x'\")", HALF_WAY)
    whole = site.kind == "postgresql"
    error = site.fails(1 if whole else 4)
    assert "half way" in error
    snapshot = next(name for name in site.snapshots() if name.endswith(".json"))
    if whole:
        assert f"everything is as it was; {live} is live; the database's schema is that of before" in error
    else:
        assert f"everything else is as it was; {live} is live; the migration left the database's schema half" in error
        assert re.search(r"\+ column rows_kept.extra varchar\(20\)|\+ table rows_kept .* extra VARCHAR", error)
        assert f"`seawall restore --snapshot {snapshot.removesuffix('.json')}`" in error
    assert site.project.live() == live
    site.add("second")
    assert site.rows() == ["first", "second"]


def test_the_snapshot_is_roots_alone_and_its_manifest_tells_of_it(site: Site) -> None:
    dump = next(name for name in site.snapshots() if name.endswith(".dump"))
    folder = f"{site.base}/state/data/snapshots"
    found = site.host.run(["stat", "-c", "%a %U", folder, f"{folder}/{dump}"]).stdout.splitlines()
    assert found == ["700 root", "600 root"]
    manifest = json.loads(site.host.read_file(f"{folder}/{dump.replace('.dump', '.json')}"))
    assert manifest["database"]["bytes"] == int(site.host.run(["stat", "-c", "%s", f"{folder}/{dump}"]).stdout)
    assert any("rows_kept" in table for table in manifest["database"]["figures"])


def test_what_postgresql_does_outside_of_a_transaction_is_named(site: Site) -> None:
    if site.kind != "postgresql":
        return
    index = 'op.create_index("ix_word", "rows_kept", ["word"], postgresql_concurrently=True)'
    site.migration("b2", "a1", "with op.get_context().autocommit_block():", f"    {index}", HALF_WAY)
    error = site.fails(4)
    assert "the migration left the database's schema half way" in error
    assert "+ index CREATE INDEX ix_word" in error
    assert "`seawall restore --snapshot v" in error
    assert site.rows() == ["first", "second"]
    site.host.run(["sh", "-c", "cd / && runuser -u postgres -- psql -c 'DROP INDEX ix_word' ledger-postgresql"])


def test_the_next_deployment_migrates_and_keeps_the_newest_snapshots(site: Site) -> None:
    for number in (2, 3, 4, 5):
        column = f'op.add_column("rows_kept", sa.Column("extra{number}", sa.String(20)))'
        site.migration(f"b{number}", f"b{number - 1}" if number > 2 else "a1", column)
        told = site.project.deploy()
        assert "database saved before the migration" in told.err
    ids = sorted({name.partition(".")[0] for name in site.snapshots()}, key=lambda name: int(name[1:]))
    assert len(ids) == 3
    assert ids[-1] == site.project.live()
    assert site.rows() == ["first", "second"]


def test_a_snapshot_that_finds_no_room_stops_the_deployment_before_the_migration(site: Site) -> None:
    folder = f"{site.base}/state/data/snapshots"
    live = site.project.live()
    site.migration("b6", "b5", 'op.add_column("rows_kept", sa.Column("late", sa.String(20)))')
    site.host.mount_tmpfs(folder, "8m")
    try:
        error = site.fails(1)
        assert "there is no room for a snapshot of the database" in error
        assert f"everything is as it was; {live} is live" in error
        site.project.configure(release={"snapshot": False})
        assert "saved" not in site.project.deploy().err
    finally:
        site.host.unmount(folder)
    assert site.rows() == ["first", "second"]
