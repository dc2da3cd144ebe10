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
    PostgresqlCertificate,
    PostgresqlDatabase,
    PostgresqlDoor,
    certificate_paths,
)
from seawall.agent.vocabulary import Directory, File, Layout, Package, Resource
from seawall.config.made_secrets import DATABASE_PASSWORD
from seawall.config.model import Project
from seawall.stack import alerts, backup, pitr, postgresql
from seawall.stack.composition import Away, Inputs
from seawall.stack.facts import Facts
from seawall.stack.templates import render
from seawall.stack.unit_files import UNITS

PORT = 5432


@dataclass(frozen=True)
class Place:
    """The database's host among the others. ``key`` is that of its certificate, "" where the host has both already;
    ``clients`` are the addresses of the app's hosts as it sees them, ``others`` those that other apps' databases on
    this host listen on; ``connections`` is how many the app's hosts may hold together."""

    away: Away
    key: str
    clients: tuple[str, ...]
    others: tuple[str, ...]
    connections: int


def resources(inputs: Inputs, layout: Layout, place: Place, called: str) -> tuple[Resource, ...]:
    """What the database's host holds for the app; ``called`` is the host's name to people. Raises ConfigError."""
    project, facts = inputs.project, inputs.facts
    major, made = postgresql.version(facts), database(project, place)
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
    network = File(
        f"{postgresql.unit_folder(major)}/20-seawall-network.conf",
        render("postgresql-network.conf.j2"),
        service=UNITS.name,
    )
    return (
        *(Package(name) for part in (postgresql, backup, pitr) for name in part.packages(project)),
        *_directories(layout),
        network,
        PostgresqlCertificate(major, place.away.certificate, place.key),
        *postgresql.server(project, facts, place.connections, {"seawall_listen.conf": _listening(major, place)}),
        PostgresqlDatabase(major, made.name, made.user, inputs.own[DATABASE_PASSWORD]),
        PostgresqlDoor(major, made.name, made.user, place.away.address, place.clients),
        *backup.told(data),
        *backup.resources(project, layout),
        *pitr.resources(project, layout, facts),
        *alerts.resources(project, layout, None, called),
        *backup.secret_resources(inputs, layout),
        *pitr.secret_resources(inputs, layout),
        *alerts.secret_resources(inputs, layout),
    )


def left_behind(project: Project, facts: Facts) -> tuple[Resource, ...]:
    """What must hold on the database's host once the app is gone: nobody comes from other hosts. Raises ConfigError."""
    name = project.database.name or project.app_id
    return (UNITS, PostgresqlDoor(postgresql.version(facts), name, name))


def database(project: Project, place: Place) -> Database:
    """For the jobs that back it up."""
    name = project.database.name or project.app_id
    made = Database("postgresql", name, name, socket=postgresql.SOCKET, variable=project.database.variable)
    return replace(made, connections=place.connections, address=place.away.address, clients=place.clients)


def url(project: Project, layout: Layout, own: Mapping[str, str], away: Away) -> str:
    """What the app is given (34.1.1.2, Connection URIs)."""
    name = project.database.name or project.app_id
    scheme = project.database.scheme or "postgresql"
    login = f"{name}:{quote(own[DATABASE_PASSWORD], safe='')}"
    return f"{scheme}://{login}@{_host(away.address)}:{PORT}/{name}?sslmode=verify-ca&sslrootcert={certificate(layout)}"


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
    addresses = sorted({place.away.address, *place.others})
    return {
        "listen_addresses": ", ".join(addresses),
        "ssl": "on",
        "ssl_cert_file": shown,
        "ssl_key_file": key,
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
