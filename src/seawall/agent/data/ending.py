"""What becomes of an app's database when the app is removed from its host: it stays, unless the data is to go too."""

from __future__ import annotations

import json

from seawall.agent.data.places import DataPlaces
from seawall.agent.data.vocabulary import Data, data_to_wire
from seawall.agent.files import write_atomic


def looked_after(places: DataPlaces) -> Data | None:
    """What the app has, read before its files go; None where seawall looks after nothing of it.

    Raises AgentError where that cannot be read.
    """
    return places.data() if places.settings.exists() else None


def keep(places: DataPlaces, data: Data) -> list[str]:
    """Leave the database alone, and remember it for who removes it later, or deploys anew. Returns what is left."""
    write_atomic(str(places.settings), json.dumps(data_to_wire(data), indent=2).encode() + b"\n", 0o600)
    database = data.database
    return [f"the database {database.name} ({database.kind})"] if database and database.name else []


def remove(data: Data) -> None:
    """Remove the database with all that is in it. Raises ApplyFailed."""
    database = data.database
    if database is not None and database.kind == "postgresql":
        from seawall.agent.resources import postgresql_database

        postgresql_database.remove(database.user)
    if database is not None and database.kind == "mariadb":
        from seawall.agent.resources import mariadb_database

        mariadb_database.remove(database.socket, database.name, database.user)
