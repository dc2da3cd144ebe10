"""What a replica follows this host's PostgreSQL by: a role, and a slot (PostgreSQL's documentation, 27.2.5, 27.2.6).

Both stay when a deployment is taken back, and the next one takes them up. Where there is to be no replica any more they
go: a slot that nobody reads would keep the server's changes.
"""

from __future__ import annotations

from dataclasses import dataclass

from seawall.agent.data import psql, scram
from seawall.agent.data.psql import name, text
from seawall.agent.data.wanted import PostgresqlReplication
from seawall.agent.errors import ApplyFailed, CommandFailed
from seawall.agent.resources import texts
from seawall.agent.resources.work import Work
from seawall.agent.vocabulary import Change

ROLE = "SELECT coalesce(rolpassword, '') FROM pg_authid WHERE rolname = {user} AND rolreplication AND rolcanlogin"
SLOT = "SELECT slot_name FROM pg_replication_slots WHERE slot_name = {slot}"
GONE = (
    "SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE slot_name = {slot} AND active;"
    "SELECT pg_sleep(0.5);"
    "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name = {slot};"
)


@dataclass(frozen=True)
class ReplicationFound:
    """Whether the role is there with the wanted password, or at all; whether the slot is."""

    role: bool = False
    kept: bool = False
    slot: bool = False


def observe(resource: PostgresqlReplication) -> ReplicationFound:
    if not psql.runs(resource.version):
        return ReplicationFound()
    roles = psql.ask(ROLE.format(user=text(resource.user)) + ";")
    slots = psql.ask(SLOT.format(slot=text(resource.slot)) + ";")
    kept = bool(roles and resource.password and scram.fits(resource.password, roles[0][0]))
    return ReplicationFound(bool(roles), kept, bool(slots))


def diff(resource: PostgresqlReplication, found: ReplicationFound) -> Change | None:
    """What must change, or None; no password is shown."""
    if resource.password:
        lines = [] if found.kept else [f"role {resource.user}, which may follow the server, and its password (secret)"]
        lines += [] if found.slot else [f"slot {resource.slot}, which keeps what the replica has not seen"]
    else:
        lines = [f"role {resource.user} goes"] if found.role else []
        lines += [f"slot {resource.slot} goes"] if found.slot else []
    action = ("update" if found.role else "create") if resource.password else "delete"
    return Change("replication", resource.user, action, "\n".join(lines), texts.digest(found)) if lines else None


def apply(resource: PostgresqlReplication, found: ReplicationFound, _work: Work) -> None:
    """Make it so. Raises ApplyFailed with the server's own words."""
    try:
        psql.ask("\n".join(_statements(resource, found)))
    except CommandFailed as error:
        raise ApplyFailed(
            "what a replica follows by could not be set up", place=resource.user, output=error.output
        ) from error


def _statements(resource: PostgresqlReplication, found: ReplicationFound) -> list[str]:
    user, slot = name(resource.user), text(resource.slot)
    if not resource.password:
        return [GONE.format(slot=slot), f"DROP ROLE IF EXISTS {user};"]
    made = [] if found.role else [f"CREATE ROLE {user};"]
    # Not in a log of statements either, though it is no password.
    made += ["SET log_statement = 'none';", "SET log_min_duration_statement = -1;"]
    made += [f"ALTER ROLE {user} LOGIN REPLICATION PASSWORD {text(scram.verifier(resource.password))};"]
    # Kept from now on, not from the replica's first visit: nothing may go between.
    return [*made, *([] if found.slot else [f"SELECT FROM pg_create_physical_replication_slot({slot}, true);"])]
