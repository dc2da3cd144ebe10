"""What was backed up comes back, what was there is kept, and a failure leaves everything as it was."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from seawall.agent import lock
from seawall.agent.data import aside, exchange
from seawall.agent.data.engines.sqlite import SqliteEngine
from seawall.agent.data.exchange import Noted
from seawall.agent.data.figures import TableFigures
from seawall.agent.data.places import DataPlaces
from seawall.agent.errors import BadRequest, LoadFailed, Locked, NotAsBackedUp, NotEmpty

from .backed_up import FIRST, SECOND, App, an_app


@pytest.fixture
def app(tmp_path: Path) -> App:
    made = an_app(tmp_path / "app")
    made.write("one", "two", photo="a photo", notes="old")
    made.back_up()
    made.write("three", photo="another photo", new="new")
    return made


def test_the_newest_backup_is_live_again_and_what_was_there_is_kept(app: App) -> None:
    done = app.restore(replace=True)
    assert (app.rows(), app.files()) == (["one", "two"], {"photo": "a photo", "notes": "old"})
    assert app.rows(done.kept_database) == ["three"]
    (kept,) = done.folders.values()
    assert {path.name: path.read_text() for path in Path(kept).iterdir()} == {"photo": "another photo", "new": "new"}
    assert app.left() == sorted([Path(kept).name, f"{done.kept_database}.db"])
    assert [(run.job, run.id, run.ok) for run in app.runs()] == [("restore", FIRST, True)]


def test_a_restore_over_data_is_refused_and_changes_nothing(app: App) -> None:
    with pytest.raises(NotEmpty) as caught:
        app.restore()
    assert caught.value.fact == f"database tiny and {app.folder} are not empty"
    assert "--replace" in caught.value.remedy
    assert (app.rows(), app.left()) == (["three"], [])


def test_onto_a_host_with_nothing_on_it_no_replace_is_needed_and_nothing_is_kept(app: App, tmp_path: Path) -> None:
    other = an_app(tmp_path / "other")
    other.kept = app.kept
    done = other.restore()
    assert (other.rows(), other.files()) == (["one", "two"], {"photo": "a photo", "notes": "old"})
    assert (done.kept_database, done.folders, other.left()) == ("", {}, [])


@pytest.mark.parametrize(
    ("figures", "told"),
    [({}, "note has 1 row and had 2 rows"), ({"gone": TableFigures(1, "0")}, "gone is missing: it had 1 row")],
)
def test_a_copy_that_differs_from_its_manifest_never_becomes_live(app: App, figures: Any, told: str) -> None:
    app.write("one", "two")
    app.lie("one", **figures)
    app.write("three")
    with pytest.raises(NotAsBackedUp) as caught:
        app.restore(replace=True)
    assert told in caught.value.output
    assert (caught.value.exit_code, caught.value.state) == (4, "the live data is as it was")
    assert (app.rows(), app.left()) == (["three"], [])
    assert [(run.ok, bool(run.error)) for run in app.runs()] == [(False, True)]


def test_files_that_differ_from_their_hashes_never_become_live(app: App) -> None:
    made = app.back_up(SECOND)
    assert made.files is not None
    hashes = {**made.files.hashes, f"{app.folder}/photo": "0" * 64}
    app.back_up("20261130-133000", files=replace(made.files, hashes=hashes))
    with pytest.raises(NotAsBackedUp, match="the files restored from backup") as caught:
        app.restore(replace=True)
    assert "photo is not what was backed up" in caught.value.output
    assert (app.rows(), app.files(), app.left()) == (["three"], {"photo": "another photo", "new": "new"}, [])


def test_a_backup_of_a_newer_server_is_refused(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SqliteEngine, "refusal", lambda _, version: f"the backup is one of {version}")
    with pytest.raises(LoadFailed, match="the backup is one of 3"):
        app.restore(replace=True)
    assert (app.rows(), app.left()) == (["three"], [])


def test_a_database_that_cannot_be_exchanged_puts_the_files_back(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> str:
        raise LoadFailed("it is in use")

    monkeypatch.setattr(SqliteEngine, "replace", refuse)
    with pytest.raises(LoadFailed, match="it is in use"):
        app.restore(replace=True)
    assert (app.rows(), app.files(), app.left()) == (["three"], {"photo": "another photo", "new": "new"}, [])


def test_another_database_is_made_beside_the_live_one(app: App) -> None:
    app.restore(to="yesterday")
    assert (app.rows("yesterday"), app.rows()) == (["one", "two"], ["three"])
    with pytest.raises(NotEmpty, match="database yesterday is not empty"):
        app.restore(to="yesterday")
    done = app.restore(to="yesterday", replace=True)
    assert app.rows(done.kept_database) == ["one", "two"]
    known = {one.name: one.until for one in aside.kept(app.data)}
    assert known == {"yesterday": "", done.kept_database: ""}
    for name in known:
        aside.drop(app.data, name, "ada@desk")
    assert (app.left(), app.rows()) == ([], ["three"])


def test_a_folder_gets_the_dump_and_the_files_and_nothing_live_changes(app: App, tmp_path: Path) -> None:
    target = tmp_path / "look"
    app.restore(to=str(target))
    assert Path(f"{target}{app.folder}/photo").read_text() == "a photo"
    assert (target / "database.dump").read_bytes().startswith(b"SQLite format 3")
    assert app.rows() == ["three"]
    with pytest.raises(NotEmpty, match="look is not empty"):
        app.restore(to=str(target))
    with pytest.raises(BadRequest, match="named from its root"):
        app.restore(to="./look")


def test_one_table_comes_back_beside_the_live_one(app: App) -> None:
    done = app.restore(table="note")
    assert (done.table, app.rows(table="note_restored"), app.rows()) == ("note_restored", ["one", "two"], ["three"])
    assert app.left() == []
    with pytest.raises(BadRequest, match="never over it"):
        app.restore(table="note", replace=True)


def test_while_another_job_is_at_the_data_nothing_is_begun(app: App) -> None:
    places = DataPlaces(Path(app.data.base))
    places.folder.mkdir(exist_ok=True)
    with (
        lock.hold(places.lock, by="the timer", action="backup"),
        pytest.raises(Locked, match="the timer runs a backup"),
    ):
        app.restore(replace=True)
    assert app.rows() == ["three"]


@pytest.mark.parametrize(("scratch", "kept"), [("tiny_restore_gone", True), ("", False)])
def test_an_exchange_that_was_cut_off_is_undone_unless_its_database_is_live(
    app: App, scratch: str, *, kept: bool
) -> None:
    before = Path(app.data.base) / "data_before_x"
    before.mkdir()
    moves = ((str(app.folder / "photo"), str(before / "photo")), (str(app.folder / "none"), str(before / "none")))
    marker = DataPlaces(Path(app.data.base)).folder / "exchange.json"
    marker.parent.mkdir(exist_ok=True)
    exchange.note(marker, Noted(moves, scratch, "", maintenance=False))
    exchange.move(moves[:1])
    app.engine.create("tiny_restore_20261128_133000")
    with pytest.raises(NotEmpty):
        app.restore()
    assert (before / "photo").exists() is kept
    assert not marker.exists()
    assert not app.engine.exists("tiny_restore_20261128_133000")
    assert app.said[0] == f"an earlier restore, cut off, was {'through' if kept else 'undone'}"


def test_what_is_noted_of_an_exchange_is_durable_json(tmp_path: Path) -> None:
    noted = Noted((("/a", "/b"),), "scratch", "v3", maintenance=True)
    exchange.note(tmp_path / "exchange.json", noted)
    assert exchange.noted(tmp_path / "exchange.json") == noted
    assert json.loads((tmp_path / "exchange.json").read_text())["moves"] == [["/a", "/b"]]
