"""Which backups are kept: by day, week and month, and never fewer than are needed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.agent.data.retention import STAMP, new_id, refuse_to_forget, to_forget
from seawall.agent.data.vocabulary import Retention
from seawall.agent.errors import BackupKept

NOW = "20261128-133000"
DAILY = [(datetime(2026, 11, 28, 3, tzinfo=UTC) - timedelta(days=days)).strftime(STAMP) for days in range(400)]


def kept(ids: list[str], retention: Retention, proven: frozenset[str] = frozenset(), now: str = NOW) -> list[str]:
    gone = to_forget(ids, retention, now=now, proven=proven)
    return sorted(set(ids) - set(gone), reverse=True)


def test_a_year_of_daily_backups_leaves_days_weeks_and_months() -> None:
    days = [one[:8] for one in kept(DAILY, Retention(7, 5, 12))]
    assert days[:7] == ["20261128", "20261127", "20261126", "20261125", "20261124", "20261123", "20261122"]
    assert days[7:10] == ["20261115", "20261108", "20261101"], "the Sundays of the weeks before"
    assert days[10:] == [
        *("20261031", "20260930", "20260831", "20260731", "20260630", "20260531"),
        *("20260430", "20260331", "20260228", "20260131", "20251231"),
    ]


def test_of_a_day_with_many_the_newest_stays() -> None:
    ids = ["20261128-010000", "20261128-020000", "20261128-020000-2", "20261127-230000"]
    later = "20261129-023000"
    assert kept(ids, Retention(2, 0, 0), now=later) == ["20261128-020000-2", "20261127-230000"]


def test_all_of_the_last_day_stay() -> None:
    ids = ["20261128-120000", "20261128-110000", "20261127-133001", "20261127-133000"]
    assert kept(ids, Retention(0, 0, 0)) == ids[:3]


def test_the_newest_stays_whatever_is_asked_for() -> None:
    assert kept(DAILY, Retention(0, 0, 0)) == DAILY[:1]


def test_the_newest_that_was_proven_stays_however_old() -> None:
    assert kept(DAILY, Retention(1, 0, 0), frozenset({DAILY[200], DAILY[300]})) == [DAILY[0], DAILY[200]]


def test_a_clock_that_was_wrong_costs_no_backup() -> None:
    future = [f"2031010{day}-030000" for day in range(1, 9)]
    assert kept([*future, *DAILY[:3]], Retention(2, 0, 0)) == [*reversed(future), *DAILY[:2]]


def test_nothing_goes_while_the_clock_seems_to_have_jumped() -> None:
    ids = [*DAILY[:9], "20361126-030000"]
    assert to_forget(ids, Retention(1, 0, 0), now="20361126-030000", proven=()) == []
    assert to_forget([*ids, "20361127-030000"], Retention(1, 0, 0), now="20361127-030000", proven=()) != []


def test_days_without_a_backup_are_not_counted() -> None:
    ids = ["20261127-030000", "20261001-030000", "20260901-030000"]
    assert kept(ids, Retention(2, 0, 0)) == ids[:2]


@given(
    st.lists(st.datetimes(datetime(2026, 6, 1), datetime(2027, 1, 1)), unique=True, max_size=60),
    st.builds(Retention, *[st.integers(0, 5)] * 3),
    st.integers(0, 59),
)
def test_a_second_look_removes_nothing_more(times: list[datetime], retention: Retention, proven: int) -> None:
    ids = sorted({time.strftime(STAMP) for time in times})
    good = frozenset(ids[proven : proven + 1])
    left = kept(ids, retention, good)
    assert sorted(kept(left, retention, good)) == sorted(left)
    assert good <= set(left)
    assert set(ids[-1:]) <= set(left) or ids[-1] > NOW


def test_the_only_proven_backup_is_not_removed_by_hand() -> None:
    with pytest.raises(BackupKept) as caught:
        refuse_to_forget("b", ["a", "b", "c"], {"b"})
    assert "seawall drill" in caught.value.remedy
    refuse_to_forget("b", ["a", "b", "c"], {"a", "b"})
    refuse_to_forget("a", ["a", "b"], {"b"})
    refuse_to_forget("a", ["a"], set())


def test_two_backups_of_a_second_have_two_names() -> None:
    assert new_id(NOW, {NOW, f"{NOW}-2"}) == f"{NOW}-3"
    assert new_id(NOW, set()) == NOW
