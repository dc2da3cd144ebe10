"""What restores and copies have put aside: databases and folders of before, kept so that a restore can be undone, and
databases that a restore has made beside the live one.

Those of before are not kept for ever: once a backup that was made `DAYS` after them is proven, they go. A host that
proves none keeps them.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from seawall.agent.data import record, retention
from seawall.agent.data.engines import engine_for, naming
from seawall.agent.data.places import DataPlaces
from seawall.agent.data.recording import alone, recorded
from seawall.agent.data.vocabulary import Data
from seawall.agent.errors import AgentError, BadRequest
from seawall.agent.files import remove_tree

#: As long as the month that somebody closes his books by, and sees what is missing.
DAYS = 30
DATABASE, FOLDER = "database", "folder"
#: Under this a run's record has the name of a database that it has made beside the live one.
MADE = "made"


@dataclass(frozen=True)
class Kept:
    """``name`` of a database, or path of a folder; ``since`` when it is kept and ``until`` when, as ISO 8601 in UTC;
    "" for until somebody removes it."""

    kind: str
    name: str
    bytes: int
    since: str
    until: str


def listed(data: Data) -> dict[str, Any]:
    """The app's database, None for none, and what is kept beside it, oldest first, JSON-ready."""
    live = data.database
    sized = live is not None and live.kind != "external"
    sizes = engine_for(live).sizes() if live and sized else {}
    return {
        "database": {"name": live.name, "bytes": sizes.get(live.name, 0)} if live and sized else None,
        "kept": [asdict(one) for one in kept(data)],
    }


def kept(data: Data) -> list[Kept]:
    """All that is kept of the app's, oldest first. Raises CommandFailed where the server does not answer."""
    return sorted((*_databases(data), *_folders(data)), key=lambda one: (one.since, one.kind, one.name))


def until(data: Data, name: str) -> str:
    """Until when what is called ``name`` is kept, at least; "" for until somebody removes it."""
    since = naming.kept_since(Path(name).name)
    if not since or not data.repository or not data.drill.at:
        return ""
    return _iso(_moment(since) + timedelta(days=DAYS))


def drop(data: Data, name: str, by: str) -> Kept:
    """Remove one of them for good. Raises BadRequest for whatever is none of them, Locked, CommandFailed."""
    at = DataPlaces(Path(data.base))
    with alone(at, by, "drop"), recorded(at, record.DROP) as recording:
        there = kept(data)
        found = next((one for one in there if one.name == name), None)
        if found is None:
            raise BadRequest(
                f"{name} is nothing that a restore or a copy has put aside",
                place=name,
                state="nothing was removed",
                remedy="these are: " + (", ".join(one.name for one in there) or "none"),
            )
        recording.id, recording.bytes = found.name, found.bytes
        _remove(data, found)
        return found


def expire(data: Data, proven: str, say: Callable[[str], None]) -> None:
    """Remove what is kept no longer, now that the backup of the id ``proven`` is. What cannot be removed stays for the
    next time: the backup is proven all the same. The caller holds the lock of the app's data."""
    made = datetime.strptime(proven[: len("20261128-133000")], retention.STAMP)
    try:
        for one in kept(data):
            if one.until and one.until <= _iso(made):
                _remove(data, one)
                say(f"{one.name}, kept since {one.since}, is removed: a backup made {DAYS} days later is proven")
    except (AgentError, OSError) as error:
        say(f"what restores put aside could not be removed: {error}")


def _remove(data: Data, one: Kept) -> None:
    if one.kind == FOLDER:
        remove_tree(one.name)
    elif data.database:
        engine_for(data.database).drop(one.name)


def _databases(data: Data) -> Iterator[Kept]:
    """The app's own alone: names of other apps' may be alike."""
    database = data.database
    if database is None or database.kind == "external":
        return
    runs = record.read(DataPlaces(Path(data.base)).record)
    made = {str(run.details[MADE]): run.ended for run in runs if run.ok and MADE in run.details}
    for name, size in engine_for(database).sizes().items():
        since = _since(name) or made.get(name, "")
        if since and name != database.name:
            yield Kept(DATABASE, name, size, since, until(data, name))


def _folders(data: Data) -> Iterator[Kept]:
    for live in (*data.folders, *([data.redis.folder] if data.redis else [])):
        folder = Path(live)
        for path in folder.parent.glob(f"{folder.name}_before_*"):
            since = _since(path.name)
            if since and path.is_dir() and not path.is_symlink():
                yield Kept(FOLDER, str(path), _size(path), since, until(data, path.name))


def _since(name: str) -> str:
    stamp = naming.kept_since(name)
    return _iso(_moment(stamp)) if stamp else ""


def _size(folder: Path) -> int:
    paths = (os.path.join(root, name) for root, _, names in os.walk(folder) for name in names)
    return sum(os.lstat(path).st_size for path in paths)


def _moment(stamp: str) -> datetime:
    return datetime.strptime(stamp, naming.STAMP)


def _iso(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"
