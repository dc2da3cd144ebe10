"""A database's host, where other hosts run the app: what it has already, and what a deployment of theirs asks of it."""

from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import Any

from seawall.agent import files
from seawall.agent.client import Client
from seawall.agent.data import fence, installed, psql, record, snapshots
from seawall.agent.data.engines import engine_for
from seawall.agent.data.places import DataPlaces
from seawall.agent.data.recording import alone
from seawall.agent.data.vocabulary import FORMER
from seawall.agent.data.wanted import certificate_paths
from seawall.agent.errors import AgentError, CommandFailed
from seawall.agent.journal import now
from seawall.agent.places import Places

#: Whether a slot is in use, what is left of what it needs, and how far its reader is behind (PostgreSQL's
#: documentation, 54.19, pg_replication_slots; 28.2.4, pg_stat_replication).
FOLLOWED = (
    "SELECT slot.active, coalesce(slot.wal_status, ''), pg_wal_lsn_diff(pg_current_wal_lsn(), seen.replay_lsn)::bigint"
    " FROM pg_replication_slots slot LEFT JOIN pg_stat_replication seen ON seen.pid = slot.active_pid"
    " WHERE slot.slot_name = {slot};"
)
#: Whether it is a standby, whether it hears from the primary, and how old the last change is that it has made, if it
#: knows of later ones (9.27.3).
FOLLOWS = (
    "SELECT pg_is_in_recovery(), EXISTS (SELECT FROM pg_stat_wal_receiver WHERE status = 'streaming'),"
    " CASE WHEN pg_last_wal_receive_lsn() IS NOT DISTINCT FROM pg_last_wal_replay_lsn() THEN 0"
    " ELSE coalesce(extract(epoch FROM now() - pg_last_xact_replay_timestamp()), -1) END;"
)


def told(places: Places) -> dict[str, Any]:
    """The certificate that its PostgreSQL shows (PEM, "" for none); who may come to this app's database now; whether
    the server is a standby (27.2); the other apps whose replica follows it, and the addresses that the databases of
    other apps listen on."""
    version = installed.postgresql()
    certificate, key = certificate_paths(version)
    known = Path(key).exists() if version else False
    databases = {path.parent.parent: _database(path) for path in places.base.parent.glob("*/state/data.json")}
    own = databases.pop(places.base, {})
    return {
        "certificate": (files.read_text(certificate) or "") if known else "",
        "clients": list(own.get("clients", ())),
        "follows": bool(version) and Path(f"/var/lib/postgresql/{version}/main/standby.signal").exists(),
        "followed": sorted(base.name for base, one in databases.items() if one.get("slot")),
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
    """How the database is that the app's hosts reach here, None where it is not on a host of its own. ``lag_bytes`` is
    how far the replica is behind its primary, ``lag_seconds`` since when it waits for what it knows is coming; -1 where
    that is not known, or there is no replica. One whose place another took is down, which is no fault."""
    at = DataPlaces(places.base)
    database = at.data().database if at.settings.exists() else None
    if database is None or not database.address:
        return None
    found: dict[str, Any] = {"role": database.role, "fault": "", "lag_bytes": -1, "lag_seconds": -1.0}
    try:
        marked = _marked(installed.postgresql())
        if marked is not None:
            return {**found, **marked}
        if database.role == "replica":
            return {**found, **_follows()}
        return {**found, **(_followed(database.slot) if database.slot else _answers())}
    except CommandFailed as error:
        return {**found, "fault": (error.output or error.fact).strip().splitlines()[-1]}


def _marked(version: str) -> dict[str, Any] | None:
    """What a promotion has left to say, None for nothing."""
    from seawall.agent.data import promotion  # late: few have any

    made = fence.promotion(version)
    if fence.fence(version) is not None:
        return {"role": FORMER, "fault": "it is fenced, and runs all the same" if psql.runs(version) else ""}
    if made is not None and not made.fenced and promotion.answers(made.address):
        return {"fault": _back(made)}
    return None


def _back(made: fence.Promotion) -> str:
    """What is wrong when the old primary, which nobody could fence, is there again."""
    return f"{made.of}, whose place it took, answers at {made.address} again: fence it by running the promotion again"


def _answers() -> dict[str, Any]:
    psql.ask("SELECT;")
    return {}


def _followed(slot: str) -> dict[str, Any]:
    """What the primary knows of its replica."""
    rows = psql.ask(FOLLOWED.format(slot=psql.text(slot)))
    if not rows or rows[0][0] != "t":
        lost = bool(rows) and rows[0][1] in ("lost", "unreserved")
        more = ": it has missed changes that are no longer kept, and must be made anew" if lost else ""
        return {"fault": f"its replica does not follow it{more}"}
    return {"lag_bytes": int(rows[0][2] or -1)}


def _follows() -> dict[str, Any]:
    """What the replica knows of itself."""
    ((standby, streams, seconds),) = psql.ask(FOLLOWS)
    if standby != "t":
        return {"fault": "it follows nobody: it takes changes of its own"}
    return {"fault": "" if streams == "t" else "it does not follow the primary", "lag_seconds": float(seconds)}


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
