"""This host's PostgreSQL as a copy of another's, which it follows (PostgreSQL's documentation, 27.2).

It is made by pg_basebackup beside what is there, and takes its place only when it is whole. What holds somebody's
databases is never replaced.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

from seawall.agent import files, process
from seawall.agent.data import psql
from seawall.agent.data.wanted import PostgresqlReplica
from seawall.agent.errors import AgentError, ApplyFailed, CommandFailed
from seawall.agent.resources import texts
from seawall.agent.resources.data_server import systemctl
from seawall.agent.resources.postgresql_server import EMPTY, unit
from seawall.agent.resources.work import Work
from seawall.agent.vocabulary import Change

#: Seconds that the copy may take: a large database is copied once.
TIMEOUT = 48 * 3600
#: Seconds in which it must follow, once it is there.
PATIENCE = 60
STREAMS = "SELECT count(*) FROM pg_stat_wal_receiver WHERE status = 'streaming'"


@dataclass(frozen=True)
class ReplicaFound:
    """``follows``: it is a standby already."""

    runs: bool = False
    follows: bool = False


def observe(resource: PostgresqlReplica) -> ReplicaFound:
    """How it is. Raises ApplyFailed where there are databases that a copy would replace."""
    if not psql.runs(resource.version):
        return ReplicaFound(follows=_signal(resource).exists())
    if psql.ask("SELECT pg_is_in_recovery();") == [["t"]]:
        return ReplicaFound(runs=True, follows=True)
    if psql.ask(f"{EMPTY};") != [["t"]]:
        raise ApplyFailed(
            "PostgreSQL on this host holds databases of its own, and a replica would take their place",
            place="[database] replica",
            state="nothing has been changed",
            remedy="name another host; or save them, and remove the cluster on the host: "
            f"pg_dropcluster --stop {resource.version} main && pg_createcluster {resource.version} main",
        )
    return ReplicaFound(runs=True)


def diff(resource: PostgresqlReplica, found: ReplicaFound) -> Change | None:
    """What must change, or None."""
    if found.follows:
        return None
    told = f"a copy of all that the primary holds, which follows it by the slot {resource.slot}"
    return Change("replica", f"{resource.version}/main", "create", told, texts.digest(found))


def apply(resource: PostgresqlReplica, _found: ReplicaFound, work: Work) -> None:
    """Copy, and follow. Raises ApplyFailed with what was there before running again."""
    data = _data(resource)
    copy, before = data.with_name("main.copied"), data.with_name("main.before")
    for left in (copy, before):
        files.remove_tree(str(left))
    _copy(resource, copy, work)
    systemctl("PostgreSQL", PATIENCE, "stop", unit(resource.version))
    data.rename(before)
    copy.rename(data)
    try:
        systemctl("PostgreSQL", PATIENCE, "start", unit(resource.version))
        _must_follow(resource)
    except ApplyFailed:
        systemctl("PostgreSQL", PATIENCE, "stop", unit(resource.version))
        data.rename(copy)
        before.rename(data)
        files.remove_tree(str(copy))
        systemctl("PostgreSQL", PATIENCE, "start", unit(resource.version))
        raise
    files.remove_tree(str(before))


def _copy(resource: PostgresqlReplica, to: Path, work: Work) -> None:
    """A whole copy that is a standby, by the primary's own slot: nothing that happens meanwhile is missed."""
    program = f"/usr/lib/postgresql/{resource.version}/bin/pg_basebackup"
    command = [program, "--pgdata", str(to), "--dbname", resource.source, "--slot", resource.slot]
    command += ["--wal-method", "stream", "--checkpoint", "fast", "--no-password"]
    try:
        process.check(command, timeout=TIMEOUT, user=psql.ADMIN, cwd="/", cancelled=work.cancelled)
        process.check(["touch", str(to / "standby.signal")], timeout=PATIENCE, user=psql.ADMIN, cwd="/")
    except AgentError as error:
        files.remove_tree(str(to))
        if not isinstance(error, CommandFailed):
            raise
        raise ApplyFailed(
            "the primary could not be copied",
            place=str(to),
            remedy="its own words are below; the primary must be reached from this host",
            output=error.output,
        ) from error


def _must_follow(resource: PostgresqlReplica) -> None:
    deadline = time.monotonic() + PATIENCE
    while not _streams():
        if time.monotonic() > deadline:
            raise ApplyFailed(
                f"the copy does not follow the primary within {PATIENCE} s",
                place=unit(resource.version),
                remedy="the log in /var/log/postgresql on the host says why",
            )
        time.sleep(0.2)


def _streams() -> bool:
    """Whether it hears from the primary; not before it answers at all."""
    try:
        return psql.ask(f"{STREAMS};") == [["1"]]
    except CommandFailed:
        return False


def _data(resource: PostgresqlReplica) -> Path:
    return Path(f"/var/lib/postgresql/{resource.version}/main")


def _signal(resource: PostgresqlReplica) -> Path:
    return _data(resource) / "standby.signal"
