"""This host's PostgreSQL as a copy of another's, which it follows (PostgreSQL's documentation, 27.2).

It is made by pg_basebackup beside what is there, and takes its place only when it is whole. What holds somebody's
databases is never replaced.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

from seawall.agent import files, process
from seawall.agent.data import fence, psql
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
#: Where what a primary held is kept, when it comes back as a replica.
KEPT = "main.fenced"
STREAMS = "SELECT count(*) FROM pg_stat_wal_receiver WHERE status = 'streaming'"


@dataclass(frozen=True)
class ReplicaFound:
    """``follows``: it is a standby already. ``fenced``: it was the primary, and another took its place."""

    runs: bool = False
    follows: bool = False
    fenced: bool = False


def observe(resource: PostgresqlReplica) -> ReplicaFound:
    """How it is. Raises ApplyFailed where there are databases that a copy would replace."""
    if fence.fence(resource.version) is not None:
        return ReplicaFound(fenced=True)
    if not psql.runs(resource.version):
        return ReplicaFound(follows=_signal(resource).exists())
    if psql.ask("SELECT pg_is_in_recovery();") == [["t"]]:
        return ReplicaFound(runs=True, follows=True)
    _must_not_be_the_primary(resource)
    if psql.ask(f"{EMPTY};") != [["t"]]:
        raise ApplyFailed(
            "PostgreSQL on this host holds databases of its own, and a replica would take their place",
            place="[database] replica",
            state="nothing has been changed",
            remedy="if it was the primary until another took its place, `seawall database promote` for that one fences "
            "it first; else name another host, or save them and remove the cluster on the host: "
            f"pg_dropcluster --stop {resource.version} main && pg_createcluster {resource.version} main",
        )
    return ReplicaFound(runs=True)


def diff(resource: PostgresqlReplica, found: ReplicaFound) -> Change | None:
    """What must change, or None."""
    if found.follows:
        return None
    told = f"a copy of all that the primary holds, which follows it by the slot {resource.slot}"
    if found.fenced:
        told += f"\nwhat it held as the primary is kept in {_data(resource).with_name(KEPT)}, and nothing runs on it"
    return Change("replica", f"{resource.version}/main", "create", told, texts.digest(found))


def apply(resource: PostgresqlReplica, _found: ReplicaFound, work: Work) -> None:
    """Copy, and follow. Raises ApplyFailed with what was there before running again, or fenced as it was."""
    found = observe(resource)  # anew: it may have been started just now, and what it holds was not seen before
    if found.follows:
        return
    data = _data(resource)
    copy, before = data.with_name("main.copied"), data.with_name(KEPT if found.fenced else "main.before")
    files.remove_tree(str(copy))
    _copy(resource, copy, work)
    files.remove_tree(str(before))
    systemctl("PostgreSQL", PATIENCE, "stop", unit(resource.version))
    data.rename(before)
    copy.rename(data)
    mark = fence.lift(resource.version)
    try:
        systemctl("PostgreSQL", PATIENCE, "start", unit(resource.version))
        _must_follow(resource)
    except ApplyFailed:
        systemctl("PostgreSQL", PATIENCE, "stop", unit(resource.version))
        data.rename(copy)
        before.rename(data)
        files.remove_tree(str(copy))
        if mark is not None:
            fence.put_up(resource.version, mark)
        else:
            systemctl("PostgreSQL", PATIENCE, "start", unit(resource.version))
        raise
    if not found.fenced:
        files.remove_tree(str(before))


def _must_not_be_the_primary(resource: PostgresqlReplica) -> None:
    """Raises ApplyFailed where the server took the place of its primary, and the deployment has not heard of it."""
    made = fence.promotion(resource.version)
    if made is not None:
        raise ApplyFailed(
            f"PostgreSQL on this host is the primary: it took the place of {made.of} ({made.at}, {made.by})",
            place="[database] replica",
            state="nothing has been changed",
            remedy="take the seawall.toml that `seawall database promote` has written where it was run; or run that "
            "for this host, and it writes it here. Leave this host's PostgreSQL as it is: the app's data is there",
        )


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
