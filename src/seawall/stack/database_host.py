"""A host of PostgreSQL's own: what it holds for an app, and how the app's hosts reach it.

It listens on one address, to exactly the app's hosts, over TLS. Its certificate is made for it, and pinned by them:
with `sslmode=verify-ca` and that certificate alone as the authority, libpq takes no other (PostgreSQL's documentation,
34.19.1), so there is no name in it that could be wrong, and no authority that could sign another.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from urllib.parse import quote

from seawall.agent.data.vocabulary import Data, Database
from seawall.agent.data.wanted import (
    REPLICATION,
    PostgresqlCertificate,
    PostgresqlDoor,
    PostgresqlReplica,
    PostgresqlReplication,
    certificate_paths,
)
from seawall.agent.resource import Resource
from seawall.agent.vocabulary import Directory, File, Layout, Package
from seawall.config.made_secrets import DATABASE_PASSWORD, REPLICA_PASSWORD
from seawall.config.model import Project
from seawall.stack import alerts, backup, pitr, postgresql
from seawall.stack.composition import Away, Inputs
from seawall.stack.facts import Facts
from seawall.stack.templates import render
from seawall.stack.unit_files import UNITS

PORT = 5432
PRIMARY, REPLICA = "primary", "replica"
#: What the primary keeps at most for a replica that is away: then that must be made anew, and the disk is not full.
KEPT = "8GB"


@dataclass(frozen=True)
class Place:
    """A host of the database's among the others: where it listens, the certificate that it shows (PEM), and its key,
    "" where the host has both already. ``clients`` are the addresses of the app's hosts as it sees them, ``others``
    those that other apps' databases on this host listen on; ``connections`` is how many the app's hosts may hold
    together. ``follower`` is the address that its replica comes from, "" for none."""

    address: str
    certificate: str
    key: str
    clients: tuple[str, ...]
    others: tuple[str, ...]
    connections: int
    follower: str = ""


def resources(inputs: Inputs, layout: Layout, place: Place, called: str) -> tuple[Resource, ...]:
    """What the database's host holds for the app; ``called`` is the host's name to people. Raises ConfigError."""
    project, facts = inputs.project, inputs.facts
    major, made = postgresql.version(facts), database(project, place)
    made = replace(made, env_file=postgresql.env_file(layout))
    data = Data(
        layout.app,
        layout.base,
        layout.user,
        made,
        repository=backup.repository(project, layout),
        retention=backup.retention(project),
        drill=backup.drill(project),
        archive=pitr.archive(project, layout, facts),
    )
    return (
        *(Package(name) for part in (postgresql, backup, pitr) for name in part.packages(project)),
        *_server(inputs, layout, place, {}),
        *postgresql.secret_resources(inputs, layout),
        *_followed(inputs, major, place),
        *backup.told(data),
        *backup.resources(project, layout),
        *pitr.resources(project, layout, facts),
        *alerts.resources(project, layout, None, called),
        *backup.secret_resources(inputs, layout),
        *pitr.secret_resources(inputs, layout),
        *alerts.secret_resources(inputs, layout),
    )


def replica_resources(
    inputs: Inputs, layout: Layout, place: Place, primary: Place, called: str
) -> tuple[Resource, ...]:
    """What the host of the replica holds; its databases and roles come from the ``primary``. Raises ConfigError."""
    project, major = inputs.project, postgresql.version(inputs.facts)
    # Nobody follows it; a primary that became a replica had one that did.
    shut = PostgresqlDoor(major, REPLICATION, follower(project))
    source, passwords = _source(project, layout, major, primary), f"/etc/postgresql/{major}/main/seawall.pgpass"
    login = f"{primary.address}:{PORT}:*:{follower(project)}:{inputs.own[REPLICA_PASSWORD]}"
    made = replace(database(project, place), role=REPLICA, slot=slot(project))
    return (
        *(Package(name) for name in postgresql.packages(project)),
        # Read by PostgreSQL's own user: of libpq's characters only the colon of an IPv6 address needs a backslash.
        File(passwords, _escaped(login, primary.address) + "\n", 0o600, "postgres", "postgres", secret=True),
        File(certificate(layout), primary.certificate),
        *_server(
            inputs,
            layout,
            place,
            {"seawall_replica.conf": {"primary_conninfo": source, "primary_slot_name": slot(project)}},
        ),
        PostgresqlReplica(major, source, slot(project)),
        shut,
        *backup.told(Data(layout.app, layout.base, layout.user, made)),
        *alerts.resources(project, layout, None, called),
        *alerts.secret_resources(inputs, layout),
    )


def _server(
    inputs: Inputs, layout: Layout, place: Place, more: Mapping[str, Mapping[str, str]]
) -> tuple[Resource, ...]:
    """PostgreSQL as every host of the database's has it, and who may come."""
    project, major, name = inputs.project, postgresql.version(inputs.facts), _name(inputs.project)
    path = f"{postgresql.unit_folder(major)}/20-seawall-network.conf"
    settings = {"seawall_listen.conf": _listening(major, place), **more}
    return (
        *_directories(layout),
        File(path, render("postgresql-network.conf.j2"), service=UNITS.name),
        PostgresqlCertificate(major, place.certificate, place.key),
        *postgresql.server(project, inputs.facts, place.connections, settings),
        PostgresqlDoor(major, name, name, place.address, place.clients),
    )


def _followed(inputs: Inputs, major: str, place: Place) -> tuple[Resource, ...]:
    """What a replica follows the primary by, or that there is nothing of it any more."""
    project = inputs.project
    user, password = follower(project), inputs.own.get(REPLICA_PASSWORD, "") if place.follower else ""
    come = (place.follower,) if place.follower else ()
    return (
        PostgresqlReplication(major, user, slot(project), password),
        PostgresqlDoor(major, REPLICATION, user, place.address if come else "", come),
    )


def _source(project: Project, layout: Layout, major: str, primary: Place) -> str:
    """How the replica reaches the primary, without a password (34.1.1.1)."""
    known = f"passfile=/etc/postgresql/{major}/main/seawall.pgpass sslmode=verify-ca sslrootcert={certificate(layout)}"
    return f"host={primary.address} port={PORT} user={follower(project)} {known} application_name={slot(project)}"


def _escaped(login: str, address: str) -> str:
    return login.replace(address, address.replace(":", "\\:"), 1)


def follower(project: Project) -> str:
    """The role that a replica comes with."""
    return f"seawall-replica-{_name(project)}"


def slot(project: Project) -> str:
    """The slot that a replica follows by; its characters are fewer than a name's (27.2.6)."""
    return f"seawall_{_name(project).replace('-', '_')}"


def _name(project: Project) -> str:
    return project.database.name or project.app_id


def left_at_primary(project: Project, facts: Facts) -> tuple[Resource, ...]:
    """What must hold on the database's host once the app is gone: nobody comes from other hosts, and no replica
    follows. Raises ConfigError."""
    major, user = postgresql.version(facts), follower(project)
    replication = PostgresqlReplication(major, user, slot(project))
    return (*left_at_replica(project, facts), PostgresqlDoor(major, REPLICATION, user), replication)


def left_at_replica(project: Project, facts: Facts) -> tuple[Resource, ...]:
    """The same on the replica's, whose roles are the primary's. Raises ConfigError."""
    name = _name(project)
    return (UNITS, PostgresqlDoor(postgresql.version(facts), name, name))


def database(project: Project, place: Place) -> Database:
    """For the jobs that back it up."""
    name = _name(project)
    made = Database("postgresql", name, name, socket=postgresql.SOCKET, variable=project.database.variable)
    followed = slot(project) if place.follower else ""
    made = replace(made, connections=place.connections, address=place.address, clients=place.clients)
    return replace(made, role=PRIMARY, slot=followed)


def url(project: Project, layout: Layout, own: Mapping[str, str], address: str) -> str:
    """What the app is given for the database at an address (34.1.1.2, Connection URIs)."""
    name = _name(project)
    scheme = project.database.scheme or "postgresql"
    login = f"{name}:{quote(own[DATABASE_PASSWORD], safe='')}"
    return f"{scheme}://{login}@{_host(address)}:{PORT}/{name}?sslmode=verify-ca&sslrootcert={certificate(layout)}"


def place(address: str) -> str:
    """The URL of a database's place alone."""
    return f"postgresql://{_host(address)}:{PORT}"


def certificate(layout: Layout) -> str:
    """Where the app's hosts have the certificate that they pin."""
    return f"{layout.base}/database.crt"


def pinned(layout: Layout, away: Away) -> tuple[Resource, ...]:
    """What an app's host holds so that it knows its database."""
    return (File(certificate(layout), away.certificate),)


def _listening(major: str, place: Place) -> dict[str, str]:
    shown, key = certificate_paths(major)
    addresses = sorted({place.address, *place.others})
    return {
        "listen_addresses": ", ".join(addresses),
        "ssl": "on",
        "ssl_cert_file": shown,
        "ssl_key_file": key,
        "max_slot_wal_keep_size": KEPT,
    }


def _directories(layout: Layout) -> tuple[Directory, ...]:
    return (
        Directory(backup.AGENT.rpartition("/")[0], 0o755, "root", "root"),
        Directory(layout.base, 0o755, "root", "root"),
        Directory(f"{layout.base}/state", 0o700, "root", "root"),
        # Nothing of the app's is there; what the jobs may write to is the same on every host.
        Directory(f"{layout.base}/data", 0o700, "root", "root"),
    )


def _host(address: str) -> str:
    return f"[{address}]" if ":" in address else address
