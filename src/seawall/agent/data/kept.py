"""The backups that there are: a list of them, and the removal of those that a person names."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from seawall.agent import lock
from seawall.agent.data import repository, retention
from seawall.agent.data.backup import PRUNING, Report, proven, store_of
from seawall.agent.data.places import DataPlaces
from seawall.agent.data.repository import Backup
from seawall.agent.data.vocabulary import Data
from seawall.agent.errors import RepositoryMissing
from seawall.agent.vocabulary import Event

Cancelled = Callable[[], bool]


def listed(data: Data, places: DataPlaces, cancelled: Cancelled) -> dict[str, Any]:
    """Every backup of the app, of all its hosts, oldest first; none in a repository that nobody has made yet.

    Raises RepositoryFailed.
    """
    store = store_of(data, places, cancelled)
    good = proven(places)
    try:
        found = store.backups()
    except RepositoryMissing:
        found = []
    return {
        "repository": store.restic.repository.url,
        "host": repository.this_host(),
        "backups": [{"id": one.id, "host": one.host, "bytes": one.bytes, "proven": one.id in good} for one in found],
    }


def forget(
    data: Data, places: DataPlaces, wanted: Sequence[str], *, by: str, report: Report, cancelled: Cancelled
) -> dict[str, Any]:
    """Remove these backups, and what nothing else holds of them; all or none.

    Raises NoSuchBackup, BackupKept for the only one that was proven, Locked, RepositoryFailed.
    """
    with lock.hold(places.lock, by=by, action="removal of backups"):
        store = store_of(data, places, cancelled)
        left = store.backups()
        gone: list[Backup] = []
        for identity in dict.fromkeys(wanted):
            found = repository.find(left, identity)
            retention.refuse_to_forget(identity, [one.id for one in left], proven(places))
            left.remove(found)
            gone.append(found)
        store.unlock()
        store.forget(snapshot for one in gone for snapshot in one.snapshots)
        report(Event("output", text="removing what no other backup holds"))
        store.prune(PRUNING)
    return {"removed": [one.id for one in gone], "left": len(left)}
