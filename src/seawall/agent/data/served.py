"""A database's host, where other hosts run the app: what it has already, and what a deployment of theirs asks of it."""

from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import Any

from seawall.agent import files
from seawall.agent.client import Client
from seawall.agent.data import installed, psql, record, snapshots
from seawall.agent.data.engines import engine_for
from seawall.agent.data.places import DataPlaces
from seawall.agent.data.recording import alone
from seawall.agent.data.wanted import certificate_paths
from seawall.agent.errors import AgentError, CommandFailed
from seawall.agent.journal import now
from seawall.agent.places import Places


def told(places: Places) -> dict[str, Any]:
    """The certificate that its PostgreSQL shows (PEM, "" for none); who may come to this app's database now; and the
    addresses that the databases of other apps listen on."""
    version = installed.postgresql()
    certificate, key = certificate_paths(version)
    known = Path(key).exists() if version else False
    databases = {path.parent.parent: _database(path) for path in places.base.parent.glob("*/state/data.json")}
    own = databases.pop(places.base, {})
    return {
        "certificate": (files.read_text(certificate) or "") if known else "",
        "clients": list(own.get("clients", ())),
        "others": sorted({str(one["address"]) for one in databases.values() if one.get("address")}),
    }


def way(to: str) -> str:
    """The address that this host's packets to another would come from. Nothing is sent: to connect a datagram socket
    only looks up the route (udp(7)). Raises AgentError where there is none."""
    family = socket.AF_INET6 if ":" in to else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as asked:
            asked.connect((to, 5432))
            return str(asked.getsockname()[0])
    except OSError as error:
        raise AgentError(
            f"this host has no way to the database's address {to}: {error.strerror}",
            state="nothing was changed",
            remedy="name one in [database] address that the app's hosts reach",
        ) from error


def standing(places: Places) -> dict[str, Any] | None:
    """How the database is that the app's hosts reach here; None where it is not on a host of its own."""
    at = DataPlaces(places.base)
    database = at.data().database if at.settings.exists() else None
    if database is None or not database.address:
        return None
    return {"role": "primary", "fault": _fault(database.name)}


def _fault(name: str) -> str:
    """Why the server does not answer, "" where it does."""
    try:
        psql.ask(f"SELECT pg_size_pretty(pg_database_size({psql.text(name)}));")
    except CommandFailed as error:
        return (error.output or error.fact).strip().splitlines()[-1]
    return ""


def save(places: Places, release: str, by: str, client: Client) -> dict[str, Any]:
    """Make a snapshot of the database, if it holds anything. Raises DiskFull, DumpFailed, Locked, Cancelled."""
    at = DataPlaces(places.base)
    data = at.data()
    if data.database is None or engine_for(data.database).is_empty(data.database.name):
        return {"snapshot": ""}
    begun = now()
    with alone(at, by, "snapshot"):
        taken = snapshots.take(data, data.database, at, release, client.gone)
    record.append(at.record, record.Run(record.SNAPSHOT, release, begun, now(), ok=True, bytes=taken.manifest.bytes))
    return {"snapshot": taken.release}


def _database(path: Path) -> dict[str, Any]:
    """What cannot be read says nothing: the app's own next deployment writes it anew."""
    try:
        return dict(json.loads(path.read_bytes())["database"] or {})
    except (OSError, ValueError, KeyError, TypeError):
        return {}
