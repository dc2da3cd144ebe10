"""What differs between a backup and its copy is said; what may differ, because the app wrote meanwhile, is not."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest

from seawall.agent.data.engines import engine_for
from seawall.agent.data.figures import (
    TableFigures,
    compare,
    compare_files,
    figures_from_wire,
    figures_to_wire,
    of_files,
    settled,
    tables,
)
from seawall.agent.data.vocabulary import Database
from seawall.agent.errors import BadRequest

NOTES = {"public.notes": TableFigures(2, "77"), "public.notes_id_seq": TableFigures(9, counter=True)}


def test_equal_figures_say_nothing() -> None:
    assert compare(NOTES, dict(NOTES)) == []


def test_a_missing_row_a_changed_row_and_missing_tables_are_told_apart() -> None:
    wanted = {
        "a": TableFigures(2, "1"),
        "b": TableFigures(1, "1"),
        "c": TableFigures(0, "0"),
        "e": TableFigures(3, "5"),
    }
    found = {"a": TableFigures(1, "3"), "b": TableFigures(1, "2"), "d": TableFigures(4, "4"), "e": TableFigures(3, "5")}
    assert compare(wanted, found) == [
        "a has 1 row and had 2 rows",
        "b has as many rows as before, 1, but not the same: their checksums differ",
        "c is missing: it had 0 rows",
        "d is there, with 4 rows, and was not when the backup was made",
    ]


@pytest.mark.parametrize(("value", "said"), [(9, []), (12, []), (8, ["n stands at 8 and stood at 9"])])
def test_a_counter_may_be_further_on_but_never_less_far(value: int, said: list[str]) -> None:
    wanted = {"n": TableFigures(9, counter=True)}
    assert compare(wanted, {"n": TableFigures(value, counter=True)}) == said


def test_tables_are_told_from_what_else_is_counted() -> None:
    assert tables({**NOTES, "(indexes)": TableFigures(3)}) == ["public.notes"]


def test_figures_travel_as_json() -> None:
    assert figures_from_wire(json.loads(json.dumps(figures_to_wire(NOTES)))) == NOTES


def test_files_are_known_by_their_content_wherever_their_copy_lies(tmp_path: Path) -> None:
    live, copy = tmp_path / "live", tmp_path / f"copy{tmp_path}" / "live"
    for folder in (live, copy):
        (folder / "deep").mkdir(parents=True)
        (folder / "deep" / "odd\udcff").write_bytes(b"same")
        (folder / "link").symlink_to("deep")
    os.mkfifo(live / "pipe")
    hashes = of_files([str(live)])
    assert sorted(hashes) == [str(live / "deep" / "odd\udcff"), str(live / "link")]
    assert hashes[str(live / "link")] == "-> deep"
    assert of_files([str(live)], str(tmp_path / "copy")) == hashes


def test_files_that_changed_or_went_while_the_backup_was_made_prove_nothing(tmp_path: Path) -> None:
    for name in ("still", "busy", "gone"):
        (tmp_path / name).write_text(name)
        os.utime(tmp_path / name, (1, 1))
    hashes = of_files([str(tmp_path)])
    time.sleep(0.02)  # more than a tick of the clock that files are stamped with
    since = time.time_ns()
    time.sleep(0.02)
    (tmp_path / "busy").write_text("b")
    (tmp_path / "gone").unlink()
    kept = settled(hashes, since)
    assert kept == {str(tmp_path / "still"): hashes[str(tmp_path / "still")], str(tmp_path / "busy"): ""}
    assert compare_files(kept, {**kept, str(tmp_path / "busy"): "other", str(tmp_path / "new"): "1"}) == []
    assert compare_files(kept, {}) == [f"{tmp_path}/still is missing"]
    assert compare_files(kept, dict.fromkeys(kept, "0")) == [
        f"{tmp_path}/still is not what was backed up: its hash differs"
    ]


def test_an_unknown_kind_of_database_is_refused() -> None:
    with pytest.raises(BadRequest, match="no database of the kind 'oracle'"):
        engine_for(Database("oracle", "a", "a"))
