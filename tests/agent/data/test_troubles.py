"""Who is told what of troubles: before, now, the clock, and the notices that come of them."""

from __future__ import annotations

import json

from seawall.agent.data.troubles import (
    BEGAN,
    LASTS,
    OVER,
    REMINDER,
    Known,
    Trouble,
    due,
    from_wire,
    lasting,
    only,
    seen,
    to_wire,
    told,
)

DISK = Trouble("disk:/", "the file system / is 93 % full", "make room")
FULLER = Trouble("disk:/", "the file system / is 97 % full", "make room")
LOOP = Trouble("crash-loop:web", "web was started again 9 times", "see its log")
NOON = 1_000_000.0
FIVE = 300.0


def look(known: tuple[Known, ...], now: float, *present: Trouble, hear: tuple[str, ...] = ("email",)) -> tuple:
    """One look after which those who ``hear`` are told: what is known then, and what was said."""
    known = seen(known, present, now)
    said = []
    for channel in hear:
        notices = due(known, channel, now)
        said += [(channel, notice.what, notice.trouble.fact) for notice in notices]
        known = told(known, channel, notices, now)
    return known, said


def test_a_trouble_is_told_once_when_it_begins_and_once_when_it_is_over() -> None:
    known, said = look((), NOON, DISK)
    assert said == [("email", BEGAN, DISK.fact)]
    for number in range(1, 10):
        known, said = look(known, NOON + number * FIVE, DISK)
        assert said == []
    assert lasting(known)[0].since == NOON
    known, said = look(known, NOON + 10 * FIVE)
    assert said == [("email", OVER, DISK.fact)]
    assert look(known, NOON + 11 * FIVE) == ((), [])


def test_one_that_lasts_is_told_again_each_day_in_its_present_words() -> None:
    known, _ = look((), NOON, DISK)
    assert look(known, NOON + REMINDER - 1, FULLER)[1] == []
    known, said = look(known, NOON + REMINDER, FULLER)
    assert said == [("email", LASTS, FULLER.fact)]
    assert look(known, NOON + REMINDER + FIVE, FULLER)[1] == []
    assert look(known, NOON + 2 * REMINDER, FULLER)[1] == [("email", LASTS, FULLER.fact)]


def test_what_begins_beside_a_trouble_that_lasts_is_told_alone() -> None:
    known, _ = look((), NOON, DISK)
    known, said = look(known, NOON + FIVE, DISK, LOOP)
    assert said == [("email", BEGAN, LOOP.fact)]
    assert look(known, NOON + 2 * FIVE, LOOP)[1] == [("email", OVER, DISK.fact)]


def test_a_channel_that_fails_is_told_later_and_keeps_no_other_from_being_told() -> None:
    known, said = look((), NOON, DISK, hear=("webhook",))
    assert said == [("webhook", BEGAN, DISK.fact)]
    known, said = look(known, NOON + FIVE, DISK, hear=("email", "webhook"))
    assert said == [("email", BEGAN, DISK.fact)]
    known, said = look(known, NOON + 2 * FIVE, hear=("webhook",))
    assert said == [("webhook", OVER, DISK.fact)]
    known, said = look(known, NOON + 3 * FIVE, hear=("email", "webhook"))
    assert said == [("email", OVER, DISK.fact)]
    assert known == ()


def test_what_a_channel_never_heard_of_it_is_not_told_the_end_of() -> None:
    known, _ = look((), NOON, DISK, hear=("webhook",))
    known, said = look(known, NOON + FIVE, hear=("email", "webhook"))
    assert said == [("webhook", OVER, DISK.fact)]
    assert known == ()


def test_one_that_comes_back_before_everybody_heard_of_its_end_has_lasted() -> None:
    known, _ = look((), NOON, DISK, hear=("email", "webhook"))
    known, _ = look(known, NOON + FIVE, hear=("webhook",))
    known, said = look(known, NOON + 2 * FIVE, DISK, hear=("email", "webhook"))
    assert said == [("webhook", BEGAN, DISK.fact)]
    assert known[0].since == NOON


def test_a_clock_that_was_put_back_silences_nobody_for_longer_than_a_day() -> None:
    known, _ = look((), NOON + 365 * REMINDER, DISK)
    known, said = look(known, NOON, DISK)
    assert said == []
    assert known[0].since == NOON
    assert look(known, NOON + REMINDER, DISK)[1] == [("email", LASTS, DISK.fact)]


def test_a_clock_that_leaps_ahead_reminds_once() -> None:
    known, _ = look((), NOON, DISK)
    known, said = look(known, NOON + 365 * REMINDER, DISK)
    assert said == [("email", LASTS, DISK.fact)]
    assert look(known, NOON + 365 * REMINDER + FIVE, DISK)[1] == []


def test_a_channel_that_is_taken_out_of_the_configuration_is_forgotten() -> None:
    known, _ = look((), NOON, DISK, hear=("email", "webhook"))
    known = seen(known, (), NOON + FIVE)
    assert only(known, ["webhook"])[0].told == {"webhook": NOON}
    assert only(known, []) == ()


def test_what_is_remembered_comes_back_from_disk_as_it_was() -> None:
    known, _ = look((), NOON, DISK, LOOP, hear=("email", "webhook"))
    known = seen(known, [LOOP], NOON + FIVE)
    assert from_wire(json.loads(json.dumps(to_wire(known)))) == known
