"""Restarts, counted from look to look."""

from __future__ import annotations

import json

from seawall.agent.data.restarts import History, Unit, by_program, counted, from_wire, to_wire

NOON = 1_000_000.0


def looks(*found: tuple[float, int, str], program: str = "web") -> dict[str, History]:
    """Looks one after the other, each with the unit's restarts and its begin."""
    histories: dict[str, History] = {}
    for now, number, begun in found:
        histories = counted(histories, [Unit("web@v1.service", program, number, begun)], now)
    return histories


def test_the_restarts_between_looks_within_an_hour_are_added_up() -> None:
    histories = looks((NOON, 5, "a"), (NOON + 300, 9, "b"), (NOON + 600, 9, "b"), (NOON + 900, 11, "c"))
    assert by_program(histories) == {"web": 6}
    assert by_program(counted(histories, [Unit("web@v1.service", "web", 11, "c")], NOON + 300 + 3600)) == {"web": 2}
    assert by_program(counted(histories, [Unit("web@v1.service", "web", 11, "c")], NOON + 900 + 3600)) == {"web": 0}


def test_what_happened_before_the_first_look_counts_not() -> None:
    assert by_program(looks((NOON, 500, "a"))) == {"web": 0}


def test_a_count_that_begins_anew_is_counted_from_nothing() -> None:
    assert by_program(looks((NOON, 500, "a"), (NOON + 300, 2, "b"))) == {"web": 2}


def test_where_nobody_counts_another_begin_is_one_restart() -> None:
    assert by_program(looks((NOON, -1, "100"), (NOON + 300, -1, "400"), (NOON + 600, -1, "400"))) == {"web": 1}
    assert by_program(looks((NOON, -1, ""), (NOON + 300, -1, "400"))) == {"web": 0}


def test_a_program_of_several_units_is_as_bad_as_its_worst_and_those_that_are_gone_are_forgotten() -> None:
    two = [Unit("a.1", "worker", 0, ""), Unit("a.2", "worker", 0, "")]
    histories = counted({}, two, NOON)
    worse = [Unit("a.1", "worker", 1, ""), Unit("a.2", "worker", 4, "")]
    histories = counted(histories, worse, NOON + 300)
    assert by_program(histories) == {"worker": 4}
    assert by_program(counted(histories, worse[:1], NOON + 600)) == {"worker": 1}


def test_a_clock_that_was_put_back_forgets_restarts_of_the_future() -> None:
    histories = looks((NOON, 0, "a"), (NOON + 300, 9, "b"), (NOON - 86400, 9, "b"))
    assert by_program(histories) == {"web": 0}


def test_histories_come_back_from_disk_as_they_were() -> None:
    histories = looks((NOON, 5, "a"), (NOON + 300, 9, "b"))
    assert from_wire(json.loads(json.dumps(to_wire(histories)))) == histories
