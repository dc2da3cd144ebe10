"""The host of the app's database, where it has one of its own: what is known of it, and what it would change."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass, replace

from seawall.agent.resource import build, resource_to_wire
from seawall.agent.vocabulary import Change, Requirements, Source
from seawall.config.made_secrets import Own
from seawall.config.model import Project
from seawall.errors import ConfigError
from seawall.operations.hosts import Host, address_of
from seawall.stack import database_host, postgresql
from seawall.stack.composition import Away, Inputs
from seawall.stack.database_host import Place
from seawall.stack.facts import Facts


@dataclass
class DatabasePlan:
    """What the database's host would change."""

    host: Host
    changes: tuple[Change, ...]
    fingerprint: str
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Places:
    """The database's hosts among the others, and what the app's hosts are told of them."""

    away: Away
    primary: Place
    replica: Place | None = None


def find(project: Project, there: Sequence[Host], hosts: Sequence[Host]) -> Places:
    """Where the database is, and its replica, for the app's ``hosts``. Where some of those are left out, those that the
    database knows already may come on. Raises HostError where a host has no way to it, ConfigError where its address
    is not known."""
    primary = _place(project, there[0], hosts, project.database.address)
    if len(there) == 1:
        return Places(Away(primary.address, primary.certificate), primary)
    _must_be_alone(there[0])
    replica = _place(project, there[1], hosts, project.database.replica_address)
    # A standby must allow for as many as its primary does, for other apps' too (27.4.3).
    replica = replace(replica, connections=replica.connections + int(there[0].app["memory"]["connections"]))
    away = Away(primary.address, primary.certificate + replica.certificate, replica.address)
    return Places(away, replace(primary, follower=_way(there[1], primary.address)), replica)


def _must_be_alone(primary: Host) -> None:
    """Raises ConfigError where another app's replica follows this server: it copies all of it already."""
    others = primary.session.request("data-server")["followed"]
    if others:
        raise ConfigError(
            f"{primary.name} has a replica already, {others[0]}'s, which copies the whole server",
            place="[database] replica",
            remedy="leave `replica` out for this app",
        )


def _place(project: Project, there: Host, hosts: Sequence[Host], configured: str) -> Place:
    known = there.session.request("data-server")
    address = configured or Facts.from_wire(there.session.facts).address
    if not address:
        raise ConfigError(
            f"it is not known by which address the app's hosts reach {there.name}",
            place="[database] address",
            remedy="name its IP address in the network between them",
        )
    clients = {_way(host, address) for host in hosts}
    if len(hosts) < len(project.hosts):
        clients |= set(known["clients"])
    certificate, key = (str(known["certificate"]), "") if known["certificate"] else made_certificate(address)
    cores = [Facts.from_wire(host.session.facts).cores for host in hosts]
    each = [postgresql.own_connections(project, Facts(cores=count)) for count in cores]
    connections = sum(each) + max(each) * (len(project.hosts) - len(hosts))
    others = tuple(str(other) for other in known["others"])
    return Place(address, certificate, key, tuple(sorted(clients)), others, connections)


def _way(host: Host, address: str) -> str:
    """The address that a host comes to another from."""
    return str(host.session.request("data-way", to=address)["address"])


def plans(project: Project, own: Own, there: Sequence[Host], places: Places) -> list[DatabasePlan]:
    """What each of the database's hosts would change, the primary first. Raises HostError, ConfigError."""
    stood = [places.primary, *([places.replica] if places.replica else [])]
    return [plan(project, own, host, places, place) for host, place in zip(there, stood, strict=True)]


def plan(project: Project, own: Own, there: Host, places: Places, place: Place) -> DatabasePlan:
    """Ask a host of the database's what it would change, to be at this ``place``. Raises HostError, ConfigError."""
    facts = Facts.from_wire(there.session.facts).with_memory(there.app["memory"])
    inputs = Inputs(project, facts, (), {}, Requirements(), Source(), own=own.values, away=places.away)
    called = address_of(there.name)
    if place is places.replica:
        resources = database_host.replica_resources(inputs, there.layout, place, places.primary, called)
    else:
        resources = database_host.resources(inputs, there.layout, place, called)
    wire = [resource_to_wire(resource) for resource in resources]
    answer = there.session.request("plan", resources=wire, release=None, domains=[])
    changes = tuple(build(Change, change) for change in answer["changes"])
    return DatabasePlan(there, changes, answer["fingerprint"], tuple(answer["notes"]))


def made_certificate(address: str) -> tuple[str, str]:
    """A certificate for a host that has none, and its key, in PEM. Both are thrown away unless they are deployed.

    It does not end by itself (RFC 5280, 4.1.2.5): nobody but the app's hosts trusts it, and they are told of another
    by the deployment that makes it.
    """
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, f"PostgreSQL at {address}")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(datetime.datetime(2000, 1, 1, tzinfo=datetime.UTC))
        .not_valid_after(datetime.datetime(9999, 12, 31, 23, 59, 59, tzinfo=datetime.UTC))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([x509.oid.ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return certificate.public_bytes(serialization.Encoding.PEM).decode(), private.decode()
