"""What the record says of an app's backups, and when that is bad."""

from __future__ import annotations

import shutil
import time
from typing import Any

import pytest

from seawall.agent.data.record import Run
from seawall.agent.data.summary import DAY, Periods, period, summary

NOW = 1_800_000_000.0
PERIODS = Periods(since=NOW - 100 * DAY)


def run(job: str, days: float, *, ok: bool = True, **changes: Any) -> Run:
    ended = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(NOW - days * DAY))
    return Run(job, "20270115-080000", ended, ended, ok, **changes)


GOOD = [run("backup", 0.5), run("drill", 0.4)]


def reasons(*runs: Run, periods: Periods = PERIODS) -> tuple[str, ...]:
    return summary(runs, NOW, periods).reasons


def test_a_backup_that_was_made_and_proven_is_all_right() -> None:
    found = summary(GOOD, NOW, PERIODS)
    assert (found.reasons, found.waiting) == ((), "")
    assert (found.backup, found.proven) == tuple(GOOD)
    assert (found.age, found.proven_age) == (0.5 * DAY, 0.4 * DAY)


def test_the_first_backup_is_waited_for_and_not_for_ever() -> None:
    assert summary([], NOW, Periods(since=NOW - DAY)).waiting == "no backup was made yet"
    assert reasons(periods=Periods(since=NOW - DAY)) == ()
    assert reasons() == ("no backup was ever made: `seawall backup now`",)


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ([run("backup", 0.1, ok=False, error="no room")], "the last backup failed (2027-01-15T05:36:00Z): no room"),
        ([run("drill", 0.1, ok=False, error="other rows")], "the last drill failed (2027-01-15T05:36:00Z): other rows"),
        ([run("backup", 0.1, details={"empty": True})], "the last backup is empty: it has no table and no file"),
        (
            [run("backup", -2)],
            "the last backup is from 2027-01-17T08:00:00Z, which is yet to come: this host's clock was or is wrong",
        ),
        (
            [run("retention", 0.1, ok=False, error="locked")],
            "old backups could not be removed (2027-01-15T05:36:00Z): locked",
        ),
    ],
)
def test_what_went_wrong_last_is_told(more: list[Run], words: str) -> None:
    assert reasons(*GOOD, *more) == (words,)


def test_a_failure_is_over_with_the_next_that_goes_well() -> None:
    assert reasons(run("backup", 1, ok=False), run("drill", 1, ok=False), run("retention", 1, ok=False), *GOOD) == ()


def test_old_is_what_is_older_than_twice_its_period() -> None:
    old = [run("backup", 2.1), run("drill", 2.05)]
    assert reasons(*old) == (
        "the last backup is 2 days old, and one is due every day",
        "the last proven restore is 2 days old, and one is due every day",
    )
    assert reasons(*old, periods=Periods(backup=7 * DAY, drill=1.5 * DAY)) == ()


def test_what_was_never_proven_is_no_backup_to_count_on() -> None:
    assert reasons(run("backup", 0.1)) == ("no backup was ever restored to prove that it is whole: `seawall drill`",)
    assert reasons(run("backup", 0.1), run("drill", 0.05, ok=False, error="x"))[1:] == (
        "no backup was ever restored to prove that it is whole: `seawall drill`",
    )


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="needs systemd-analyze")
@pytest.mark.parametrize(
    ("at", "days"),
    [("*-*-* 03:00", 1), ("hourly", 1 / 24), ("Mon *-*-* 03:00", 7), ("Mon,Thu *-*-* 03:00", 4), ("no time", 1)],
)
def test_the_pause_between_two_backups_is_the_longest_of_the_calendar(at: str, days: float) -> None:
    assert period(at) == days * DAY
