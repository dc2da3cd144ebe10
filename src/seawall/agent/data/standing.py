"""How an app's backups stand, for `seawall status`: from the record alone, no repository is asked."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

from seawall.agent.data import archiving, record
from seawall.agent.data.places import DataPlaces
from seawall.agent.data.summary import Periods, Summary, period, summary
from seawall.agent.data.vocabulary import Data
from seawall.agent.places import Places


def standing(places: Places) -> dict[str, Any] | None:
    """None where the app has no backups. Times are UTC (RFC 3339), ages in seconds, sizes in bytes."""
    at = DataPlaces(places.base)
    if not at.settings.exists():
        return None
    data = at.data()
    if data.repository is None:
        return None
    found = of(data, at)
    return {
        "repository": data.repository.url,
        "last": found.backup.ended if found.backup else "",
        "age": found.age,
        "bytes": found.backup.bytes if found.backup else 0,
        "proven": found.proven.ended if found.proven else "",
        "proven_age": found.proven_age,
        "waiting": found.waiting,
        "reasons": list(found.reasons),
    }


def of(data: Data, at: DataPlaces) -> Summary:
    """The summary of the record, by the periods that the host's timers have."""
    backups = period(data.repository.at) if data.repository and data.repository.at else Periods.backup
    drills = period(data.drill.at) if data.drill.at else Periods.drill
    since = at.settings.stat().st_mtime
    runs = record.read(at.record)
    found = summary(runs, time.time(), Periods(backups, drills, since))
    if data.archive is None:
        return found
    return replace(found, wrong=(*found.wrong, *archiving.wrong(data.archive, runs, time.time())))
