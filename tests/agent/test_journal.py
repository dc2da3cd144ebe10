"""The journal tells what happened, in order, also after a power cut in the middle of a line."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from seawall.agent.journal import Journal


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(tmp_path / "journal.jsonl")


def begin(journal: Journal, release: str = "v2") -> None:
    journal.write("begin", action="deploy", release=release, new=True, by="ada@desk", old="v1")


def test_a_journal_that_is_not_there_has_no_records_and_nothing_is_interrupted(journal: Journal) -> None:
    assert journal.records() == []
    assert journal.interrupted() is None


def test_records_come_back_in_order_with_their_facts(journal: Journal) -> None:
    begin(journal)
    journal.write("staged", state="start")
    assert [(record["step"], record.get("state")) for record in journal.records()] == [
        ("begin", None),
        ("staged", "start"),
    ]
    assert journal.records()[0]["by"] == "ada@desk"


def test_only_its_owner_may_read_it(journal: Journal) -> None:
    begin(journal)
    assert journal.path.stat().st_mode & 0o777 == 0o600


def test_a_deployment_without_an_end_is_interrupted_at_its_last_step(journal: Journal) -> None:
    begin(journal)
    journal.write("staged", state="start")
    journal.write("built", state="start")
    found = journal.interrupted()
    assert found is not None
    assert (found.action, found.release, found.step, found.by) == ("deploy", "v2", "built", "ada@desk")
    assert found.describe().startswith("deploy of v2 by ada@desk, begun ")
    assert found.describe().endswith("cut off at built")


def test_a_deployment_with_an_end_is_not_interrupted_whatever_is_written_later(journal: Journal) -> None:
    begin(journal)
    journal.write("end", outcome="done", release="v2")
    journal.write("maintenance", on=True, by="ada@desk")
    assert journal.interrupted() is None


def test_a_last_line_that_a_power_cut_tore_did_not_happen(journal: Journal) -> None:
    begin(journal)
    journal.write("end", outcome="done", release="v2")
    whole = journal.path.read_bytes()
    begin(journal, "v3")
    torn = journal.path.read_bytes()[len(whole) : -2]
    for length in range(len(torn)):
        journal.path.write_bytes(whole + torn[:length])
        assert journal.interrupted() is None


def test_what_is_written_after_a_torn_line_is_not_lost_with_it(journal: Journal) -> None:
    journal.path.write_bytes(b'{"time":"2026-01-01T00:00:00Z","step":"beg')
    begin(journal)
    found = journal.interrupted()
    assert found is not None
    assert found.release == "v2"


def test_each_record_is_on_disk_before_the_next_step(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[tuple[str, int]] = []
    fsync = os.fsync

    def remembered(descriptor: int) -> None:
        synced.append((os.readlink(f"/proc/self/fd/{descriptor}"), os.fstat(descriptor).st_size))
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", remembered)
    begin(journal)
    size = journal.path.stat().st_size
    assert (str(journal.path), size) in synced
    assert str(journal.path.parent) in [path for path, _ in synced]
    synced.clear()
    journal.write("staged", state="start")
    assert synced == [(str(journal.path), journal.path.stat().st_size)]


def test_a_record_that_the_disk_takes_in_pieces_is_written_whole(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = os.write
    monkeypatch.setattr(os, "write", lambda descriptor, data: write(descriptor, data[:7]))
    begin(journal)
    monkeypatch.undo()
    assert [record["step"] for record in journal.records()] == ["begin"]


def test_a_destroyed_app_has_no_deployment_left_to_recover(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.jsonl")
    journal.write("begin", action="deploy", release="v4", new=True, by="ada", old="v3")
    assert journal.interrupted() is not None
    journal.write("destroyed", with_data=False)
    assert journal.interrupted() is None


def test_what_an_earlier_deployment_came_to_says_nothing_of_the_last(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.jsonl")
    assert not journal.has_come_to("kept")
    for step in ("begin", "kept", "end", "begin"):
        journal.write(step)
    assert not journal.has_come_to("kept")
    journal.write("kept")
    assert journal.has_come_to("kept")
