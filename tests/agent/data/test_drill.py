"""A drill proves the newest backup, or says loudly what is wrong with it."""

from __future__ import annotations

import datetime
import os
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from seawall.agent import lock
from seawall.agent.data import drill, jobs, led, recording
from seawall.agent.data.engines.sqlite import SqliteEngine
from seawall.agent.data.manifest import MANIFEST, Manifest, to_bytes
from seawall.agent.data.places import DataPlaces
from seawall.agent.data.repository import Store
from seawall.agent.data.vocabulary import Data, Database, RedisServer
from seawall.agent.errors import AgentError, CommandFailed, Locked, NotAsBackedUp, RepositoryDamaged

from .backed_up import FIRST, App, an_app


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> App:
    made = an_app(tmp_path / "app")
    made.write("one", "two", photo="a photo")
    made.back_up()
    monkeypatch.setattr(drill.source, "backup", lambda _: made.kept[-1])
    return made


def test_the_newest_backup_is_proven_and_nothing_stays_of_the_drill(app: App) -> None:
    proven = app.drill()
    assert (proven["backup"], proven["rows"], proven["files"], proven["read"]) == (FIRST, 2, 1, "100%")
    (run,) = app.runs()
    assert (run.job, run.id, run.ok, run.details["rows"]) == ("drill", FIRST, True, 2)
    assert (app.left(), app.kept[-1].checked) == ([], ["100%"])


@pytest.mark.slow
def test_a_flipped_byte_in_the_repository_is_found_even_where_the_newest_backup_is_whole(
    tmp_path: Path, store: Store
) -> None:
    app = an_app(tmp_path / "app", store.restic.repository)
    store.save_text("/old", os.urandom(100_000), [])
    pack = max(
        (path for path in (Path(store.restic.repository.url) / "data").rglob("*")), key=lambda at: at.stat().st_size
    )
    no_database = Manifest(FIRST, "tiny", "web1", "2026-11-28T13:30:00Z")
    store.save_text(MANIFEST, to_bytes(no_database), [f"backup={FIRST}"])
    assert app.drill()["backup"] == FIRST
    pack.chmod(0o600)
    content = bytearray(pack.read_bytes())
    content[len(content) // 3] ^= 1
    pack.write_bytes(content)
    with pytest.raises(RepositoryDamaged) as caught:
        app.drill()
    assert caught.value.place == store.restic.repository.url
    assert [(run.job, run.id, run.ok) for run in app.runs()] == [("drill", FIRST, True), ("drill", FIRST, False)]


def test_a_drill_of_the_timers_waits_for_whoever_is_at_the_data(app: App) -> None:
    at = DataPlaces(Path(app.data.base))
    at.folder.mkdir(exist_ok=True)
    held = ExitStack()
    held.enter_context(lock.hold(at.lock, by="ada@desk", action="restore"))

    def say(line: str) -> None:
        app.said.append(line)
        held.close()

    jobs.JOBS["drill"](app.data, say)
    assert app.said[0].startswith("the drill waits: ada@desk runs a restore on this host (since ")
    assert [(run.job, run.ok) for run in app.runs()] == [("drill", True)]


def test_a_drill_of_the_timers_that_gets_no_turn_is_written_down(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recording, "PATIENCE", 0.3)
    at = DataPlaces(Path(app.data.base))
    at.folder.mkdir(exist_ok=True)
    with lock.hold(at.lock, by="ada@desk", action="restore"), pytest.raises(Locked, match="got no turn"):
        jobs.JOBS["drill"](app.data, app.said.append)
    (run,) = app.runs()
    assert (run.job, run.ok) == ("drill", False)
    assert run.error.startswith("the drill waited 0 minutes and got no turn at the data: ada@desk runs a restore")


def test_a_drill_of_a_persons_fails_at_once_and_is_not_written_down(app: App) -> None:
    at = DataPlaces(Path(app.data.base))
    at.folder.mkdir(exist_ok=True)
    with lock.hold(at.lock, by="the timer", action="backup"), pytest.raises(Locked, match="the timer runs a backup"):
        app.drill()
    assert app.runs() == []


def test_a_dump_that_lacks_a_row_is_found(app: App) -> None:
    app.lie("one")
    with pytest.raises(NotAsBackedUp) as caught:
        app.drill()
    assert caught.value.output == "note has 1 row and had 2 rows"
    assert (app.runs()[-1].ok, app.left()) == (False, [])


def test_damage_that_the_database_finds_in_itself_is_told(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drill.beside, "load", lambda *_: None)
    monkeypatch.setattr(SqliteEngine, "damage", lambda *_: ["page 3 is never used"])
    with pytest.raises(NotAsBackedUp, match="the restored database is damaged") as caught:
        app.drill()
    assert caught.value.output == "page 3 is never used"


def test_an_app_without_backups_proves_nothing(tmp_path: Path) -> None:
    app = an_app(tmp_path / "app")
    with pytest.raises(AgentError, match="this app has no repository for backups"):
        app.drill()
    assert [run.ok for run in app.runs()] == [False]


@pytest.mark.parametrize(
    ("size", "day", "part"),
    [(0, 1, "100%"), (1 << 30, 1, "100%"), ((1 << 30) + 1, 1, "1/7"), (1 << 40, 2, "2/7"), (1 << 40, 7, "7/7")],
)
def test_a_large_repository_is_read_in_seven_days(size: int, day: int, part: str) -> None:
    assert drill.part_to_read(size, datetime.date(2026, 11, day)) == part


def test_the_apps_own_check_is_led_to_the_restored_database_by_every_variable() -> None:
    data = Data("a", "/a", "a", Database("postgresql", "a", "a", variable="DATABASE_URL"))
    env = {"DATABASE_URL": "live", "SQLALCHEMY_DATABASE_URI": "live", "OTHER": "x"}
    there = led.elsewhere(env, data, lambda url: f"not {url}")
    redis = replace(data, redis=RedisServer("/run/r/redis.sock", "/srv/a/redis", "r.service"))
    urls = {"DATABASE_URL": "live", "REDIS_URL": "unix:///run/r/redis.sock?db=1"}
    assert led.elsewhere(urls, redis, str, "/tmp/x/redis.sock")["REDIS_URL"] == "unix:///tmp/x/redis.sock?db=1"
    assert there == {"DATABASE_URL": "not live", "SQLALCHEMY_DATABASE_URI": "not live", "OTHER": "x"}
    with pytest.raises(CommandFailed, match="has no DATABASE_URL"):
        led.elsewhere({"OTHER": "x"}, data, str)
