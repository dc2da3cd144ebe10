"""A backup as a job makes it: real restic, a database that plays along."""

from __future__ import annotations

import io
import json
import threading
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any

import pytest

from seawall.agent import lock
from seawall.agent.data import backup, kept, record, recording
from seawall.agent.data.backup import back_up, store_of
from seawall.agent.data.engines.pace import CALM, Pace
from seawall.agent.data.figures import TableFigures
from seawall.agent.data.manifest import DATABASE
from seawall.agent.data.places import DataPlaces
from seawall.agent.data.record import Run
from seawall.agent.data.restic import Restic
from seawall.agent.data.vocabulary import Data, Database, Repository, Retention
from seawall.agent.errors import (
    BackupKept,
    DumpFailed,
    Locked,
    NoSuchBackup,
    RepositoryLocked,
    RepositoryPassword,
    RepositoryUnreachable,
)
from seawall.agent.vocabulary import Event

#: A real restic, many times over.
pytestmark = pytest.mark.slow


class Dump:
    """The bytes it is made of, and how it ends."""

    version = "15.18"

    def __init__(self, content: bytes, error: str) -> None:
        self.stream = io.BytesIO(content)
        self._error = error

    def __enter__(self) -> Dump:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return

    def figures(self) -> dict[str, TableFigures]:
        return {"public.entries": TableFigures(3, "abc")}

    def finish(self) -> None:
        if self._error:
            raise DumpFailed(self._error)


class Engine:
    def __init__(self) -> None:
        self.content, self.error = b"rows" * 1000, ""
        self.paces: list[Pace | None] = []

    def dump(self, pace: Pace | None = None) -> Dump:
        self.paces.append(pace)
        return Dump(self.content, self.error)


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Engine:
    made = Engine()
    monkeypatch.setattr(backup, "engine_for", lambda _: made)
    return made


@pytest.fixture
def data(tmp_path: Path, restic: Restic, engine: Engine) -> Data:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "photo").write_bytes(b"a photo")
    (tmp_path / "state").mkdir()
    database = Database("postgresql", "tiny", "tiny", socket="/run/postgresql")
    folders = (str(tmp_path / "data"),)
    return Data("tiny", str(tmp_path), "", database, folders=folders, repository=restic.repository)


def places(data: Data) -> DataPlaces:
    return DataPlaces(Path(data.base))


def make(data: Data, heard: list[Event] | None = None) -> Run:
    hear = [] if heard is None else heard
    return back_up(data, hear.append, by="ada@desk", cancelled=lambda: False)


def test_a_backup_has_all_its_parts_and_a_line_in_the_record(data: Data) -> None:
    heard: list[Event] = []
    run = make(data, heard)
    assert record.read(places(data).record) == [run]
    assert (run.ok, run.bytes) == (True, 4007)
    assert {**run.details, "added": 0} == {"added": 0, "tables": 1, "rows": 3, "files": 1, "empty": False}
    (found,) = store_of(data, places(data)).backups()
    manifest = store_of(data, places(data)).manifest(found)
    assert manifest.database is not None
    assert manifest.files is not None
    assert (manifest.id, manifest.bytes, manifest.database.version) == (run.id, 4007, "15.18")
    assert manifest.database.figures == {"public.entries": TableFigures(3, "abc")}
    assert list(manifest.files.hashes) == [f"{data.base}/data/photo"]
    done = [event.step for event in heard if event.state == "done"]
    assert done == ["repository", "database", "folders", "manifest", "retention"]


def test_a_backup_leaves_the_servers_time_to_others(data: Data, engine: Engine) -> None:
    make(data)
    assert engine.paces == [CALM]


def test_a_dump_that_fails_is_no_backup_and_the_next_run_makes_one(data: Data, engine: Engine) -> None:
    engine.error = "pg_dump was killed by SIGKILL"
    with pytest.raises(DumpFailed):
        make(data)
    assert store_of(data, places(data)).snapshots() == []
    (failed,) = record.read(places(data).record)
    assert (failed.ok, failed.error) == (False, "pg_dump was killed by SIGKILL")
    engine.error = ""
    assert make(data).ok


def test_what_an_interrupted_run_has_left_goes_with_the_next(data: Data) -> None:
    make(data)
    store = store_of(data, places(data))
    store.save_text(DATABASE, b"half", ["backup=20200101-000000"])
    elsewhere = ["--host", "web2", "--tag", "seawall,app=tiny,backup=20200101-000001", "--json", data.folders[0]]
    store.restic.run("backup", *elsewhere)
    make(data)
    left = {one.tag("backup"): one.host for one in store.snapshots()}
    assert "20200101-000000" not in left
    assert left["20200101-000001"] == "web2", "another host's may be under way"


def test_two_backups_at_once_are_one_and_an_error_that_names_it(data: Data, engine: Engine) -> None:
    begun, go_on = threading.Event(), threading.Event()

    class Slow(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            begun.set()
            go_on.wait(30)
            return super().read(size)

    slow = Dump(b"", "")
    slow.stream = Slow(b"rows")
    engine.dump = lambda *_: slow  # type: ignore[method-assign]
    first = threading.Thread(target=make, args=(data,))
    first.start()
    assert begun.wait(30)
    with pytest.raises(Locked, match="ada@desk runs a backup"):
        make(data)
    go_on.set()
    first.join()
    assert [run.ok for run in record.read(places(data).record)] == [True]


def test_a_backup_of_the_timers_waits_for_whoever_is_at_the_data(data: Data) -> None:
    places(data).folder.mkdir(parents=True, exist_ok=True)
    held, said = ExitStack(), []
    held.enter_context(lock.hold(places(data).lock, by="ada@desk", action="migration"))

    def say(line: str) -> None:
        said.append(line)
        held.close()

    backup.job(data, say)
    assert said[0].startswith("the backup waits: ada@desk runs a migration on this host (since ")
    assert [run.ok for run in record.read(places(data).record)] == [True]


def test_a_backup_of_the_timers_that_gets_no_turn_is_written_down(data: Data, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recording, "PATIENCE", 0.3)
    places(data).folder.mkdir(parents=True, exist_ok=True)
    with lock.hold(places(data).lock, by="ada@desk", action="migration"), pytest.raises(Locked):
        backup.job(data, print)
    assert "ada@desk runs a migration" in record.read(places(data).record)[-1].error


def test_another_program_at_the_repository_is_waited_for(data: Data, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backup, "AGAIN", 0.01)
    tries = iter([RepositoryLocked("another program is at the repository"), None])
    make_one = backup._Work.make

    def once_locked(work: Any) -> Any:
        error = next(tries)
        if error is not None:
            raise error
        return make_one(work)

    monkeypatch.setattr(backup._Work, "make", once_locked)
    heard: list[Event] = []
    assert make(data, heard).ok
    assert heard[0].text == "another program is at the repository; trying again in 0.01 seconds"
    monkeypatch.setattr(backup, "PATIENCE", 0)
    tries = iter([RepositoryLocked("another program is at the repository")])
    with pytest.raises(RepositoryLocked):
        make(data)


def test_old_backups_go_and_the_proven_one_stays(data: Data, monkeypatch: pytest.MonkeyPatch) -> None:
    data = replace(data, retention=Retention(1, 0, 0))
    stamps = iter(["20260101-030000", "20260102-030000", "20260103-030000", "20260104-030000"])
    monkeypatch.setattr(backup, "_stamp", lambda: next(stamps))
    first = make(data).id
    record.append(places(data).record, Run("drill", first, "", "", True))
    ids = [make(data).id for _ in range(3)]
    backups = store_of(data, places(data)).backups()
    assert [one.id for one in backups] == [first, ids[-1]]


def test_a_backup_is_one_though_what_is_old_cannot_be_removed(data: Data, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise RepositoryUnreachable("the place of the repository does not answer as it should")

    monkeypatch.setattr(backup._Work, "tidy", fail)
    assert make(data).ok
    assert [(run.job, run.ok) for run in record.read(places(data).record)] == [("backup", True), ("retention", False)]


def test_an_empty_backup_is_known_as_one(data: Data) -> None:
    Path(f"{data.folders[0]}/photo").unlink()
    assert make(replace(data, database=None)).details["empty"] is True


def test_the_files_of_a_database_are_left_to_its_engine(data: Data, engine: Engine) -> None:
    path = f"{data.folders[0]}/app.db"
    for suffix in ("", "-wal", "-shm"):
        Path(path + suffix).write_bytes(b"x" * 100)
    run = make(replace(data, database=Database("sqlite", path=path)))
    assert run.bytes == 4007
    assert run.details["files"] == 1


def test_a_wrong_password_is_in_the_record_without_the_password(data: Data, tmp_path: Path) -> None:
    make(data)
    (tmp_path / "backup.env").write_text('RESTIC_PASSWORD="battery staple"\n')
    with pytest.raises(RepositoryPassword):
        make(data)
    assert "battery" not in (places(data).record).read_text()


def test_the_only_proven_backup_is_not_forgotten(data: Data, monkeypatch: pytest.MonkeyPatch) -> None:
    stamps = iter(["20260101-030000", "20260102-030000"])
    monkeypatch.setattr(backup, "_stamp", lambda: next(stamps))
    first, second = make(data).id, make(data).id
    record.append(places(data).record, Run("drill", first, "", "", True))

    def forget(*ids: str) -> dict[str, Any]:
        return kept.forget(data, places(data), ids, by="ada@desk", report=lambda _: None, cancelled=lambda: False)

    with pytest.raises(BackupKept):
        forget(second, first)
    with pytest.raises(NoSuchBackup):
        forget(second, "20200101-000000")
    told = kept.listed(data, places(data), lambda: False)
    assert [(one["id"], one["proven"]) for one in told["backups"]] == [(first, True), (second, False)]
    assert forget(second) == {"removed": [second], "left": 1}


def test_a_repository_that_nobody_has_made_yet_holds_none(data: Data) -> None:
    assert kept.listed(data, places(data), lambda: False)["backups"] == []


def test_an_app_without_a_repository_is_told_so(data: Data) -> None:
    with pytest.raises(Exception, match="no repository"):
        make(replace(data, repository=None))


def test_the_settings_on_the_host_hold_no_secret(data: Data) -> None:
    assert data.repository == Repository(f"{data.base}/backups", f"{data.base}/backup.env")
    assert "correct horse" not in json.dumps(record.read(places(data).record))
