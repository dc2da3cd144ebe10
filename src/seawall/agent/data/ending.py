"""What becomes of an app's database when the app is removed from its host: it stays, unless the data is to go too."""

from __future__ import annotations

import json

from seawall.agent.data.installed import SERVERS
from seawall.agent.data.places import DataPlaces
from seawall.agent.data.vocabulary import Data, data_to_wire
from seawall.agent.files import write_atomic


def looked_after(places: DataPlaces) -> Data | None:
    """What the app has, read before its files go; None where seawall looks after nothing of it.

    Raises AgentError where that cannot be read.
    """
    return places.data() if places.settings.exists() else None


def keep(places: DataPlaces, data: Data) -> list[str]:
    """Leave the databases alone, and remember them, and nothing else, for who removes them later, or deploys anew.
    Returns what is left."""
    left = [one for one in data.databases if one.kind in SERVERS]
    if left:
        own = data.database if data.database in left else None
        remembered = Data(data.app, data.base, data.user, own, former=data.former)
        write_atomic(str(places.settings), json.dumps(data_to_wire(remembered), indent=2).encode() + b"\n", 0o600)
    return [f"the database {one.name} ({one.kind})" for one in left]


def remove(data: Data) -> None:
    """Remove the databases with all that is in them; a replica's is the primary's, and goes with that. Raises
    ApplyFailed."""
    for database in data.databases:
        if database.role == "replica":
            continue
        if database.kind == "postgresql":
            from seawall.agent.resources import postgresql_database

            postgresql_database.remove(database.user)
        if database.kind == "mariadb":
            from seawall.agent.resources import mariadb_database

            mariadb_database.remove(database.socket, database.user)
