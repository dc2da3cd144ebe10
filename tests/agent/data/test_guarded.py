"""A migration of a managed database: saved before, and told exactly how it left the schema."""

from __future__ import annotations

import json
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from agent import sample
from seawall.agent import lock
from seawall.agent.data import guarded, record, snapshots
from seawall.agent.data.guarded import Guarded
from seawall.agent.data.places import DataPlaces
from seawall.agent.data.vocabulary import Data, Database, data_to_wire
from seawall.agent.errors import Cancelled, DiskFull, Locked, MigrationFailed
from seawall.agent.places import Places
from seawall.agent.vocabulary import Event, Release
from seawall.agent.work import Work, failure_of


class Desk:
    """An app with an SQLite database, and migrations of it as Python functions."""

    def __init__(self, base: Path) -> None:
        self.places: Places = sample.places(base)
        self.file = base / "data/shop.db"
        self.database = Database("sqlite", path=str(self.file))
        self.at = DataPlaces(base)
        self.data = Data("shop", str(base), "", database=self.database)
        self.at.settings.write_text(json.dumps(data_to_wire(self.data)))
        self.steps: list[str] = []
        self.told: list[Event] = []
        self.number = 0
        self.stopped = False

    def sql(self, *statements: str) -> None:
        with closing(sqlite3.connect(self.file, isolation_level=None)) as opened:
            for statement in statements:
                opened.execute(statement)

    def migrate(self, *statements: str, fail: bool = False, release: Release | None = None) -> Work:
        """One more deployment, whose migration is these statements, and fails at its end."""
        self.number += 1
        work = Work("deploy", "ada@desk", f"v{self.number}", old=f"v{self.number - 1}")
        migration = Guarded(
            self.data,
            self.database,
            self.places,
            work,
            release or sample.release(),
            self._step,
            self.told.append,
            lambda: self.stopped,
        )
        try:
            with migration.watched():
                self.sql(*statements)
                if fail:
                    raise MigrationFailed("the migration command failed with exit code 1", remedy="look below")
        except MigrationFailed as error:
            self.failure = failure_of(error, work, "/srv/shop")
        return work

    @property
    def saved(self) -> list[str]:
        return [taken.release for taken in snapshots.there(self.at)]

    @contextmanager
    def _step(self, name: str) -> Iterator[None]:
        self.steps.append(name)
        yield


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    made = Desk(tmp_path)
    made.sql("CREATE TABLE post (id INTEGER PRIMARY KEY, title TEXT)", "INSERT INTO post (title) VALUES ('first')")
    return made


def test_a_migration_that_may_change_something_is_preceded_by_a_snapshot(desk: Desk) -> None:
    desk.migrate("ALTER TABLE post ADD COLUMN body TEXT")
    assert desk.steps == ["saved"]
    (taken,) = snapshots.there(desk.at)
    with closing(sqlite3.connect(taken.path)) as opened:
        assert [row[1] for row in opened.execute("PRAGMA table_info(post)")] == ["id", "title"]
    assert taken.manifest.database is not None
    assert taken.manifest.database.figures["post"].rows == 1
    assert stat.S_IMODE(desk.at.snapshots.stat().st_mode) == 0o700
    assert stat.S_IMODE(taken.path.stat().st_mode) == 0o600
    (run,) = record.read(desk.at.record)
    assert (run.job, run.id, run.ok, run.bytes) == ("snapshot", "v1", True, taken.path.stat().st_size)


def test_the_same_migration_once_more_needs_none(desk: Desk) -> None:
    desk.migrate("ALTER TABLE post ADD COLUMN body TEXT")
    desk.migrate()
    assert desk.saved == ["v1"]


def test_a_schema_that_somebody_changed_since_brings_the_snapshot_back(desk: Desk) -> None:
    desk.migrate()
    desk.sql("CREATE TABLE by_hand (id INTEGER)")
    desk.migrate()
    assert desk.saved == ["v1", "v2"]


def test_the_newest_three_are_kept_and_what_was_left_half_goes(desk: Desk) -> None:
    for number in range(1, 6):
        desk.migrate(f"CREATE TABLE t{number} (id INTEGER)", release=sample.release(env={"N": str(number)}))
        (desk.at.snapshots / f"v{90 + number}.part").touch()
    assert desk.saved == ["v3", "v4", "v5"]
    assert sorted(path.name for path in desk.at.snapshots.iterdir() if path.suffix == ".part") == ["v95.part"]


def test_an_empty_database_and_one_that_is_not_to_be_saved_are_not(desk: Desk, tmp_path: Path) -> None:
    desk.migrate(release=sample.release(snapshot=False))
    empty = Desk(tmp_path / "empty")
    empty.migrate("CREATE TABLE post (id INTEGER)")
    assert desk.saved == empty.saved == []


def test_a_failure_that_changed_nothing_says_so(desk: Desk) -> None:
    desk.migrate("UPDATE post SET title = 'x'", fail=True)
    assert desk.failure is not None
    assert (
        desk.failure.state
        == "everything is as it was; v0 is live; the database's schema is that of before the migration"
    )
    assert desk.failure.exit_code == 1


def test_a_failure_half_way_names_what_has_changed_and_the_way_back(desk: Desk) -> None:
    desk.migrate("CREATE TABLE tag (id INTEGER)", "DROP TABLE post", fail=True)
    assert not desk.at.migrating.exists()
    assert desk.failure is not None
    assert desk.failure.state == (
        "everything else is as it was; v0 is live; the migration left the database's schema half way"
    )
    assert "`seawall restore --snapshot v1`" in desk.failure.remedy
    assert "+ table tag CREATE TABLE tag (id INTEGER)" in desk.failure.output
    assert "- table post" in desk.failure.output
    assert desk.failure.exit_code == 4


def test_without_a_snapshot_it_leads_to_the_backups(desk: Desk) -> None:
    desk.migrate("DROP TABLE post", fail=True, release=sample.release(snapshot=False))
    assert desk.failure is not None
    assert "`seawall backup list`" in desk.failure.remedy


def test_a_deployment_that_fails_after_its_migration_says_that_the_schema_is_new(desk: Desk) -> None:
    work = desk.migrate("CREATE TABLE tag (id INTEGER)")
    failure = failure_of(Cancelled("stopped"), work, "/srv/shop")
    assert failure is not None
    assert "the migration has run, and the database keeps its new schema" in failure.state


def test_a_migration_that_failed_is_saved_again_the_next_time(desk: Desk) -> None:
    desk.migrate()
    desk.migrate("CREATE TABLE tag (id INTEGER)", fail=True)
    desk.migrate()
    assert desk.saved == ["v1", "v3"]


def test_it_waits_for_a_backup_that_is_under_way_but_not_for_ever(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guarded, "PATIENCE", 0.3)
    desk.at.folder.mkdir(parents=True)
    with lock.hold(desk.at.lock, by="the host's timer", action="backup"), pytest.raises(Locked, match="runs a backup"):
        desk.migrate("DROP TABLE post")
    desk.sql("SELECT * FROM post")
    (note,) = desk.told
    assert note.text.startswith("the migration waits: the host's timer runs a backup")
    desk.migrate("DROP TABLE post")


def test_one_that_has_nothing_to_do_waits_for_nobody(desk: Desk) -> None:
    desk.migrate()
    with lock.hold(desk.at.lock, by="the host's timer", action="backup"):
        desk.migrate()
    assert desk.told == []


def test_no_backup_begins_while_it_runs(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []
    monkeypatch.setattr(desk, "sql", lambda *_: seen.append(lock.holder(desk.at.lock)))
    desk.migrate("DROP TABLE post")
    assert seen[0].startswith("ada@desk runs a migration")


@pytest.mark.parametrize("why", ["too little room", "stopped"])
def test_what_keeps_the_snapshot_from_being_made_keeps_the_migration_from_running(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, why: str
) -> None:
    desk.stopped = why == "stopped"
    if not desk.stopped:
        monkeypatch.setattr(snapshots, "RESERVE", 1 << 60)
    with pytest.raises(Cancelled if desk.stopped else DiskFull):
        desk.migrate("DROP TABLE post")
    desk.sql("SELECT * FROM post")
    assert desk.saved == []
    assert list(desk.at.snapshots.iterdir()) == []
    assert not desk.at.migrating.exists()


def test_a_migration_that_was_cut_off_with_its_host_is_told_of_by_the_next_command(desk: Desk) -> None:
    assert guarded.left_behind(desk.places) == ""
    desk.at.folder.mkdir(parents=True)
    guarded.note(desk.at, "v7", ("table gone",), "v7")
    said = guarded.left_behind(desk.places)
    assert said.startswith("the migration left the database's schema half way; see whether")
    assert "`seawall restore --snapshot v7`" in said
    assert guarded.left_behind(desk.places) == ""


def test_whatever_is_released_the_database_is_the_one_that_the_host_was_told_of(desk: Desk) -> None:
    other = replace(desk.data, database=None)
    desk.at.settings.write_text(json.dumps(data_to_wire(other)))
    desk.at.folder.mkdir(parents=True)
    guarded.note(desk.at, "v7", (), "")
    assert guarded.left_behind(desk.places) == ""
