"""The record of what was done with an app's data."""

from __future__ import annotations

from pathlib import Path

from seawall.agent.data import record
from seawall.agent.data.record import Run


def a_run(number: int, **changes: object) -> Run:
    values = {"job": "backup", "id": f"20261128-{number:06}", "begun": "2026-11-28T13:30:00Z", "ok": True}
    return Run(**{**values, "ended": "2026-11-28T13:31:00Z", **changes})  # type: ignore[arg-type]


def test_what_was_written_down_is_read_again_in_order(tmp_path: Path) -> None:
    path = tmp_path / "record.jsonl"
    runs = [a_run(1, bytes=7), a_run(2, ok=False, error="no room", details={"files": 3})]
    for run in runs:
        record.append(path, run)
    assert record.read(path) == runs
    assert path.stat().st_mode & 0o777 == 0o600


def test_without_a_record_nothing_was_done(tmp_path: Path) -> None:
    assert record.read(tmp_path / "record.jsonl") == []


def test_a_line_torn_by_a_power_cut_spoils_no_other(tmp_path: Path) -> None:
    path = tmp_path / "record.jsonl"
    record.append(path, a_run(1))
    whole = path.read_bytes()
    path.write_bytes(whole + whole[: len(whole) // 2])
    record.append(path, a_run(2))
    assert record.read(path) == [a_run(1), a_run(2)]


def test_a_line_of_another_version_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "record.jsonl"
    path.write_text('{"job": "backup", "weather": "fine"}\n"backup"\n')
    record.append(path, a_run(1))
    assert record.read(path) == [a_run(1)]


def test_a_record_does_not_grow_for_ever(tmp_path: Path) -> None:
    path = tmp_path / "record.jsonl"
    line = b'{"job":"drill","id":"1","begun":"","ended":"","ok":true}\n'
    path.write_bytes(line * record.LONGEST)
    record.append(path, a_run(1))
    runs = record.read(path)
    assert len(runs) == record.LONGEST // 2
    assert runs[-1] == a_run(1)
