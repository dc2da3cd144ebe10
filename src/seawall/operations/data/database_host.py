"""The host of the app's database, where it has one of its own: what is known of it, and what it would change."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

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
    """The database's hosts among the others, and what the app's hosts are told of them. ``stale`` says why the one that
    the file has for the primary is none, None where it is one: a deployment is refused by it."""

    away: Away
    primary: Place
    replica: Place | None = None
    stale: ConfigError | None = None


@dataclass(frozen=True)
class Way:
    """The ``address`` that a host comes to another from, and which ``successor`` has taken the other's place as the
    primary, "" for none."""

    address: str
    successor: str = ""


def find(project: Project, there: Sequence[Host], hosts: Sequence[Host]) -> Places:
    """Where the database is, and its replica, for the app's ``hosts``. Where some of those are left out, those that the
    database knows already may come on. Raises HostError where a host has no way to it, ConfigError where its address
    is not known."""
    address = _address(there[0], project.database.address)
    ways = _ways(hosts, address)
    known = there[0].session.request("data-server")
    primary = _place(project, hosts, known, address, ways)
    stale = _stale(there[0], known, ways)
    if len(there) == 1:
        return Places(Away(primary.address, primary.certificate), primary, stale=stale)
    _must_be_alone(there[0], known)
    address = _address(there[1], project.database.replica_address)
    replica = _place(project, hosts, there[1].session.request("data-server"), address, _ways(hosts, address))
    # A standby must allow for as many as its primary does, for other apps' too (27.4.3).
    replica = replace(replica, connections=replica.connections + int(there[0].app["memory"]["connections"]))
    away = Away(primary.address, primary.certificate + replica.certificate, replica.address)
    return Places(away, replace(primary, follower=_ways(there[1:], primary.address)[0].address), replica, stale)


def _must_be_alone(primary: Host, known: Mapping[str, Any]) -> None:
    """Raises ConfigError where another app's replica follows this server: it copies all of it already."""
    others = known["followed"]
    if others:
        raise ConfigError(
            f"{primary.name} has a replica already, {others[0]}'s, which copies the whole server",
            place="[database] replica",
            remedy="leave `replica` out for this app",
        )


def _stale(primary: Host, known: Mapping[str, Any], ways: Sequence[Way]) -> ConfigError | None:
    """Whether another has taken the primary's place since this file was written: the app's hosts know of it."""
    successor = next((way.successor for way in ways if way.successor), "")
    if successor:
        return ConfigError(
            f"the database on {primary.name} has lost its place to {successor}, by `seawall database promote`",
            place="[database] host",
            remedy=f'take the seawall.toml that was changed by that; or write host = "{successor}", with the '
            f"`address` of that host if it has one, and leave out `replica`, or name {primary.name} there",
        )
    if known["follows"]:
        return ConfigError(
            f"the PostgreSQL on {primary.name} follows another, and takes no changes",
            place="[database] host",
            remedy=f"name the one that it follows; `seawall database promote {primary.name}` has it take that one's "
            "place",
        )
    return None


def _address(there: Host, configured: str) -> str:
    address = configured or Facts.from_wire(there.session.facts).address
    if not address:
        raise ConfigError(
            f"it is not known by which address the app's hosts reach {there.name}",
            place="[database] address",
            remedy="name its IP address in the network between them",
        )
    return address


def _place(
    project: Project, hosts: Sequence[Host], known: Mapping[str, Any], address: str, ways: Sequence[Way]
) -> Place:
    """What is ``known`` is what the database's host tells of itself."""
    clients = {way.address for way in ways}
    if len(hosts) < len(project.hosts):
        clients |= set(known["clients"])
    certificate, key = (str(known["certificate"]), "") if known["certificate"] else made_certificate(address)
    cores = [Facts.from_wire(host.session.facts).cores for host in hosts]
    each = [postgresql.own_connections(project, Facts(cores=count)) for count in cores]
    connections = sum(each) + max(each) * (len(project.hosts) - len(hosts))
    others = tuple(str(other) for other in known["others"])
    return Place(address, certificate, key, tuple(sorted(clients)), others, connections)


def _ways(hosts: Sequence[Host], address: str) -> list[Way]:
    """How each comes to another host."""
    return [Way(**host.session.request("data-way", to=address)) for host in hosts]


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
