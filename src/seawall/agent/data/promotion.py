"""A replica takes the primary's place: what each of the hosts is looked at for, and what it does.

The old primary is fenced first. An orderly end sends all that it has to the replica, and waits until that has arrived
(PostgreSQL's documentation, 27.2.5), so nothing is lost; the replica is asked whether it has come to the very end.
"""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from seawall.agent.data import control, fence, installed, psql
from seawall.agent.data.fence import Fence, Promotion
from seawall.agent.data.places import DataPlaces
from seawall.agent.data.recording import alone
from seawall.agent.errors import AgentError, ApplyFailed, CommandFailed, NotCaughtUp
from seawall.agent.journal import Journal, now
from seawall.agent.places import Places
from seawall.agent.resources.data_server import systemctl
from seawall.agent.resources.postgresql_server import TIMEOUT, unit

PORT = 5432
#: Seconds: that a host is given to answer at its port, and a replica to make changes that it has got already.
KNOCK, PATIENCE = 3.0, 60.0
#: Where a primary is in its log, and how far its replica is behind (28.2.4, pg_stat_replication).
PRIMARY = (
    "SELECT coalesce(bool_or(state = 'streaming'), false),"
    " coalesce(min(pg_wal_lsn_diff(pg_current_wal_lsn(), replay_lsn)), -1)::bigint,"
    " coalesce(max(extract(epoch FROM replay_lag)), 0) FROM pg_stat_replication WHERE application_name = {slot};"
)
#: Whether a standby hears from its primary, what it has got and not made yet, from when the last change is that it has
#: made, whom it follows, and whether somebody has stopped it (9.27.3, 9.27.4).
STANDBY = (
    "SELECT EXISTS (SELECT FROM pg_stat_wal_receiver WHERE status = 'streaming'),"
    " coalesce(pg_wal_lsn_diff(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn()), 0)::bigint,"
    " coalesce(to_char(pg_last_xact_replay_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"'), ''),"
    " current_setting('primary_conninfo'), pg_is_wal_replay_paused();"
)
PRIMARY_ROLE, STANDBY_ROLE, DOWN = "primary", "standby", "down"


def look(places: Places, slot: str) -> dict[str, Any]:
    """How this host's PostgreSQL is; the field names are those of ``operations.data.promotable.Server``."""
    version = _version(places)
    found = control.read(version)
    told: dict[str, Any] = {
        "role": DOWN,
        "system": found.system,
        "checkpoint": found.checkpoint if found.state == control.SHUT_DOWN else "",
        "streams": False,
        "lag_bytes": -1,
        "lag_seconds": -1.0,
        "changed": "",
        "address": "",
        "paused": False,
        "others": _others(places),
        "fenced": False,
        "promoted": None,
    }
    mark, made = fence.fence(version), fence.promotion(version)
    if made is not None:
        told["promoted"] = {"of": made.of, "address": made.address, "at": made.at, "fenced": made.fenced}
    if not psql.runs(version):
        # What a fenced one was at last, its mark knows: somebody may have started it by hand since, as a standby.
        return {**told, "fenced": True, "checkpoint": mark.checkpoint} if mark is not None else told
    standby = psql.ask("SELECT pg_is_in_recovery();") == [["t"]]
    return {**told, **(_standby() if standby else _primary(slot))}


def _primary(slot: str) -> dict[str, Any]:
    ((streams, behind, seconds),) = psql.ask(PRIMARY.format(slot=psql.text(slot)))
    told = {"streams": streams == "t", "lag_bytes": int(behind), "lag_seconds": float(seconds)}
    return {"role": PRIMARY_ROLE, **told}


def _standby() -> dict[str, Any]:
    ((streams, behind, changed, source, paused),) = psql.ask(STANDBY)
    words = dict(word.split("=", 1) for word in source.split() if "=" in word)
    told = {"streams": streams == "t", "lag_bytes": int(behind), "changed": changed, "paused": paused == "t"}
    return {"role": STANDBY_ROLE, "address": words.get("host", ""), **told}


def put_fence(places: Places, message: Mapping[str, Any]) -> dict[str, Any]:
    """End the server in order, and see that nothing starts it again; the answer is where its log ended, "" where it
    came to no orderly end. What is fenced already stays so. Raises Locked while a job is at the data, ApplyFailed."""
    version, at, by = _version(places), DataPlaces(places.base), str(message["by"])
    with alone(at, by, "promotion"):
        mark = fence.fence(version)
        if mark is not None and not psql.runs(version):
            return {"checkpoint": mark.checkpoint}
        Journal(places.journal).write("fenced", successor=message["successor"], by=by)
        _end(version)
        found = control.read(version)
        checkpoint = found.checkpoint if found.state == control.SHUT_DOWN else ""
        _put_up(version, Fence(found.system, str(message["successor"]), by, now(), checkpoint))
        _must_be_down(version)
        return {"checkpoint": checkpoint}


def _put_up(version: str, made: Fence) -> None:
    """Raises DiskFull, CommandFailed, OSError with the server up again: one that is only down is no fence."""
    try:
        fence.put_up(version, made)
    except (AgentError, OSError):
        fence.take_down(version)
        systemctl("PostgreSQL", TIMEOUT, "start", unit(version))
        raise


def take_fence(places: Places, message: Mapping[str, Any]) -> dict[str, Any]:
    """Have the server be the primary again, as no other has taken its place. Raises ApplyFailed."""
    version = _version(places)
    with alone(DataPlaces(places.base), str(message["by"]), "promotion"):
        fence.take_down(version)
        systemctl("PostgreSQL", TIMEOUT, "start", unit(version))
        psql.ask("SELECT;")
    return {}


def await_end(places: Places, checkpoint: str) -> dict[str, Any]:
    """Wait until the replica has made the last change of a primary that has ended in order. Raises NotCaughtUp."""
    deadline = time.monotonic() + PATIENCE
    asked = f"SELECT pg_last_wal_replay_lsn() > {psql.text(checkpoint)}::pg_lsn, pg_last_wal_replay_lsn();"
    while True:
        # What is replayed was read whole: the place after the last record that was (9.27.3).
        ((there, reached),) = psql.ask(asked)
        if there == "t":
            return {"reached": reached}
        if time.monotonic() > deadline:
            raise NotCaughtUp(
                f"the replica has come to {reached}, and the primary ended at {checkpoint}",
                place=unit(_version(places)),
                remedy="the log in /var/log/postgresql on the replica's host says why; then run it again",
            )
        time.sleep(0.1)


def promote(places: Places, message: Mapping[str, Any]) -> dict[str, Any]:
    """Have the replica take changes; one that does already is only told whether the old primary is fenced now. The
    answer is its timeline, which every promotion makes anew (25.3.5); the names of segments begin with it. Raises
    Locked, ApplyFailed."""
    version, by = _version(places), str(message["by"])
    of, address, system = str(message["of"]), str(message["address"]), control.read(version).system
    made = Promotion(system, of, address, by, now(), bool(message["fenced"]))
    with alone(DataPlaces(places.base), by, "promotion"):
        before = fence.promotion(version)
        if psql.ask("SELECT pg_is_in_recovery();") != [["t"]] and before is not None:
            made = replace(before, fenced=made.fenced or before.fenced)
        Journal(places.journal).write("promoted", of=made.of, fenced=made.fenced, by=by)
        # Before it takes changes: from then on a deployment that has not heard of it must be refused.
        fence.keep_promotion(version, made)
        _take_changes(version)
        ((segment,),) = psql.ask("SELECT pg_walfile_name(pg_current_wal_lsn());")
    return {"timeline": int(segment[:8], 16)}


def _take_changes(version: str) -> None:
    try:
        if psql.ask("SELECT pg_is_in_recovery();") == [["t"]]:
            psql.ask(f"SELECT pg_promote(true, {int(PATIENCE) - 10});")
        # Only a server that takes changes gives a transaction a number (9.27.8).
        psql.ask("SELECT pg_current_xact_id();")
    except CommandFailed as error:
        raise ApplyFailed(
            "the replica was told to take the primary's place, and does not take changes",
            place=unit(version),
            state="the old primary takes none either",
            remedy="the log in /var/log/postgresql on the host says why; then run it again: it goes on from here",
            output=error.output,
        ) from error


def answers(address: str) -> bool:
    """Whether something takes connections at a database's address, as seen from this host."""
    try:
        with socket.create_connection((address, PORT), KNOCK):
            return True
    except OSError:
        return False


def _end(version: str) -> None:
    """Raises ApplyFailed where it does not end; it serves on then, or is about to end."""
    if not psql.runs(version):
        return
    # So that the one at its end is quick, while nobody is served.
    psql.ask("CHECKPOINT;", timeout=TIMEOUT)
    try:
        systemctl("PostgreSQL", TIMEOUT, "stop", unit(version))
    except ApplyFailed as error:
        error.state = "it may be on its way down; no other server has taken its place"
        instead = f"`systemctl start {unit(version)}` on the host has it serve on instead"
        error.remedy = f"see whether it ends by itself, then run it again; {instead}"
        raise
    _must_be_down(version)


def _must_be_down(version: str) -> None:
    if psql.runs(version):
        raise ApplyFailed(
            "PostgreSQL was told to stop, and runs",
            place=unit(version),
            state="no other server has taken its place",
            remedy="see on the host who starts it (`journalctl -u " + unit(version) + "`), then run it again",
        )


def _version(places: Places) -> str:
    """Raises AgentError where the host has no database of the app's."""
    database = DataPlaces(places.base).data().database
    version = installed.postgresql()
    if database is None or database.kind != "postgresql" or not database.address or not version:
        raise AgentError(
            "this host has no PostgreSQL that other hosts of the app reach",
            place=str(DataPlaces(places.base).settings),
            state="nothing was changed",
            remedy="deploy first: `host` and `replica` of [database] are set up by that",
        )
    return version


def _others(places: Places) -> list[str]:
    """The other apps whose database is on this host's PostgreSQL. What cannot be read says nothing."""
    found = []
    for path in places.base.parent.glob("*/state/data.json"):
        try:
            kind = (json.loads(path.read_bytes())["database"] or {})["kind"]
        except (OSError, ValueError, KeyError, TypeError):
            continue
        base = Path(path).parent.parent
        if kind == "postgresql" and base != places.base:
            found.append(base.name)
    return sorted(found)
