"""Which backups are kept, and which go."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import datetime, timedelta

from seawall.agent.data.vocabulary import Retention
from seawall.agent.errors import BackupKept

#: How the id of a backup begins: when it was begun, in UTC.
STAMP = "%Y%m%d-%H%M%S"
#: No pause between two backups is as long as this: rather has a clock jumped.
LEAP = timedelta(days=62)


def to_forget(ids: Iterable[str], retention: Retention | None, *, now: str, proven: Collection[str]) -> list[str]:
    """The backups of one host that are kept no longer, oldest first.

    The newest of each of the last ``daily`` days, ``weekly`` weeks (ISO 8601) and ``monthly`` months that have one is
    kept, as restic's forget does it ("Removing snapshots according to a policy"). So are always all of the last 24
    hours (somebody made them by hand, for a reason), the newest of all, and the newest that is ``proven``.

    A clock that is wrong, or was, costs no backup. Those from after ``now`` are none of these, and are kept; and where
    ``now`` is a `LEAP` after the newest before it, nothing goes this time.
    """
    if retention is None:
        return []
    past = sorted((one for one in ids if one[: len(now)] <= now), reverse=True)
    before = [one for one in past if one[: len(now)] < now]
    if before and before[0] < _earlier(now, LEAP):
        return []
    kept = {one for one in past if one > _earlier(now, timedelta(days=1))}
    kept |= {*past[:1], *[one for one in past if one in proven][:1]}
    for count, period in ((retention.daily, _day), (retention.weekly, _week), (retention.monthly, _month)):
        kept |= _newest_of_each(past, count, period)
    return sorted(one for one in past if one not in kept)


def _earlier(stamp: str, than: timedelta) -> str:
    return (datetime.strptime(stamp, STAMP) - than).strftime(STAMP)


def _newest_of_each(newest_first: Sequence[str], count: int, period: Callable[[str], str]) -> set[str]:
    newest: dict[str, str] = {}
    for one in newest_first:
        newest.setdefault(period(one), one)
    return set(list(newest.values())[:count])


def _day(identity: str) -> str:
    return identity[:8]


def _week(identity: str) -> str:
    return "{}-{}".format(*datetime.strptime(identity[:8], "%Y%m%d").isocalendar()[:2])


def _month(identity: str) -> str:
    return identity[:6]


def refuse_to_forget(identity: str, ids: Collection[str], proven: Collection[str]) -> None:
    """Raises BackupKept if this is the only backup there is that was proven."""
    if identity in proven and not any(one in proven for one in ids if one != identity):
        raise BackupKept(
            f"{identity} is the only backup that was proven to be whole",
            state="nothing was removed",
            remedy="have another one proven first: `seawall drill` takes the newest",
        )


def new_id(now: str, taken: Collection[str]) -> str:
    """The id of a backup that is begun at ``now`` (as `STAMP` has it)."""
    number, found = 1, now
    while found in taken:
        number += 1
        found = f"{now}-{number}"
    return found
