"""A database that arrives from another environment: restored beside the live one, made fit, and put in its place."""

from __future__ import annotations

from typing import Any

from seawall.agent.client import Client
from seawall.agent.data import adapting, record
from seawall.agent.data.copying import FromTool
from seawall.agent.data.engines import Engine
from seawall.agent.data.outlook import Outlook, Wish
from seawall.agent.data.places import DataPlaces
from seawall.agent.data.restore import Restore
from seawall.agent.data.vocabulary import Data
from seawall.agent.places import Places
from seawall.agent.vocabulary import Event
from seawall.agent.wire import Frame


def receive(places: Places, frame: Frame, client: Client) -> dict[str, Any]:
    """Take what follows ``frame``. Raises what a restore raises; the live database is as it was then."""
    message = frame.message
    coming = FromTool.of(client, message)
    try:
        data = DataPlaces(places.base).data()
        migrated: list[str] = []

        def adapt(engine: Engine, name: str) -> None:
            _adapt(data, engine, name, str(message["script"]), client)
            migrated.append(adapting.migrate(data, engine, name, places))

        outlook = Outlook(data, coming.manifest, Wish(replace=True))
        by = str(message.get("by", ""))
        done = Restore(outlook, coming, places, by, client.report, client.gone, adapt=adapt, job=record.COPY).run()
    finally:
        coming.read_past()
    manifest = coming.manifest
    return {
        "bytes": coming.bytes,
        "tables": manifest.tables,
        "rows": manifest.rows,
        "kept": done.kept_database,
        "until": done.until,
        "migrated": "".join(migrated),
    }


def _adapt(data: Data, engine: Engine, name: str, script: str, client: Client) -> None:
    if script and data.database is not None:
        adapting.run_script(data.database, engine, name, script)
        client.report(Event("note", "restored", text="the SQL was run in the copy"))
