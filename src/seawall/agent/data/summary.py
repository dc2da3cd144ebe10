"""What the record says of an app's backups: how old they are, and what is wrong with them."""

from __future__ import annotations

import calendar
import re
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

from seawall.agent import process
from seawall.agent.data.record import BACKUP, DRILL, RETENTION, Run
from seawall.agent.errors import CommandFailed

DAY = 86400.0
#: A record from so many seconds after now was written while a clock was wrong; clocks differ by less.
AHEAD = 3600.0
#: Of a calendar expression so many times are asked for, to see the longest pause between two: a week and a day.
TIMES = 9


@dataclass(frozen=True)
class Periods:
    """Seconds between two backups, and between two drills; ``since`` is when they were first asked for (UNIX time)."""

    backup: float = DAY
    drill: float = DAY
    since: float = 0.0


class Reason(NamedTuple):
    """Something that is wrong: ``kind`` is one word that stays while it is, ``text`` a sentence."""

    kind: str
    text: str


@dataclass(frozen=True)
class Summary:
    """``backup`` is the last that was made, ``proven`` the last drill that found one whole; ages in seconds, None where
    there is none. ``wrong`` is what is wrong: with any, the app's data is not safe. ``waiting`` says what is yet to
    come and no fault."""

    backup: Run | None
    proven: Run | None
    age: float | None
    proven_age: float | None
    wrong: tuple[Reason, ...]
    waiting: str = ""

    @property
    def reasons(self) -> tuple[str, ...]:
        """What is wrong, as sentences."""
        return tuple(reason.text for reason in self.wrong)

    def to_wire(self) -> dict[str, Any]:
        return asdict(self)


def summary(runs: Sequence[Run], now: float, periods: Periods) -> Summary:
    """What is to be said of the runs (oldest first) at the UNIX time ``now``. Old is what is older than twice its
    period."""
    backups = [run for run in runs if run.job == BACKUP]
    drills = [run for run in runs if run.job == DRILL]
    made = next((run for run in reversed(backups) if run.ok), None)
    proven = next((run for run in reversed(drills) if run.ok), None)
    age = _age(made, now)
    proven_age = _age(proven, now)
    waiting = "no backup was made yet" if not backups and now - periods.since <= 2 * periods.backup else ""
    reasons = [] if waiting else _of_backups(backups, made, age, periods)
    reasons += _of_retention([run for run in runs if run.job in (BACKUP, RETENTION)])
    reasons += _of_drills(drills, made, proven, proven_age, periods)
    return Summary(made, proven, age, proven_age, tuple(reasons), waiting)


def _of_backups(backups: Sequence[Run], made: Run | None, age: float | None, periods: Periods) -> list[Reason]:
    reasons: list[Reason] = []
    if backups and not backups[-1].ok:
        reasons.append(Reason("backup-failed", f"the last backup failed ({backups[-1].ended}): {backups[-1].error}"))
    if made is None or age is None:
        reasons.append(Reason("backup-missing", "no backup was ever made: `seawall backup now`"))
    elif age < -AHEAD:
        reasons.append(
            Reason(
                "clock",
                f"the last backup is from {made.ended}, which is yet to come: this host's clock was or is wrong",
            )
        )
    elif age > 2 * periods.backup:
        reasons.append(
            Reason(
                "backup-stale", f"the last backup is {_spoken(age)} old, and one is due every {_spoken(periods.backup)}"
            )
        )
    if made is not None and made.details.get("empty"):
        reasons.append(Reason("backup-empty", "the last backup is empty: it has no table and no file"))
    return reasons


def _of_retention(runs: Sequence[Run]) -> list[Reason]:
    """Old backups that stay fill the disk in the end."""
    last = runs[-1] if runs else None
    if last is None or last.job != RETENTION:
        return []
    return [Reason("retention", f"old backups could not be removed ({last.ended}): {last.error}")]


def _of_drills(
    drills: Sequence[Run], made: Run | None, proven: Run | None, age: float | None, periods: Periods
) -> list[Reason]:
    reasons: list[Reason] = []
    if drills and not drills[-1].ok:
        reasons.append(Reason("drill-failed", f"the last drill failed ({drills[-1].ended}): {drills[-1].error}"))
    if made is not None and (proven is None or age is None):
        reasons.append(Reason("never-proven", "no backup was ever restored to prove that it is whole: `seawall drill`"))
    elif age is not None and age > 2 * periods.drill:
        reasons.append(
            Reason(
                "drill-stale",
                f"the last proven restore is {_spoken(age)} old, and one is due every {_spoken(periods.drill)}",
            )
        )
    return reasons


def _age(run: Run | None, now: float) -> float | None:
    return None if run is None else now - moment(run.ended)


def moment(text: str) -> float:
    """UNIX time of a time in the record (RFC 3339, UTC); 0 for what is none."""
    try:
        return float(calendar.timegm(time.strptime(text, "%Y-%m-%dT%H:%M:%SZ")))
    except ValueError:
        return 0.0


def _spoken(seconds: float) -> str:
    for unit, length in (("day", DAY), ("hour", 3600.0), ("minute", 60.0)):
        if seconds >= length:
            count = round(seconds / length)
            return f"{count} {unit}s" if count > 1 else unit if seconds == length else f"1 {unit}"
    return f"{round(seconds)} seconds"


def period(at: str) -> float:
    """The longest pause between the next times of a calendar expression, in seconds (systemd-analyze(1), calendar); a
    day where systemd cannot say."""
    try:
        words = ["systemd-analyze", "calendar", f"--iterations={TIMES}", "--", at]
        said = process.check(words, timeout=30, env={"TZ": "UTC"}).stdout
    except CommandFailed:
        return DAY
    found = re.findall(r"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d) UTC", said)
    times = sorted({calendar.timegm(time.strptime(one, "%Y-%m-%d %H:%M:%S")) for one in found})
    return float(max((after - before for before, after in zip(times, times[1:])), default=DAY))
