"""The host of the app's database, where it has one of its own: what is known of it, and what it would change."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass

from seawall.agent.vocabulary import Change, Requirements, Source, build, resource_to_wire
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


def find(project: Project, there: Host, hosts: Sequence[Host]) -> Place:
    """The database's place among the app's ``hosts``. Where some of those are left out, those that the database knows
    already may come on. Raises HostError where a host has no way to it, ConfigError where its address is not known."""
    known = there.session.request("data-server")
    address = project.database.address or Facts.from_wire(there.session.facts).address
    if not address:
        raise ConfigError(
            f"it is not known by which address the app's hosts reach {there.name}",
            place="[database] address",
            remedy="name its IP address in the network between them",
        )
    clients = {str(host.session.request("data-way", to=address)["address"]) for host in hosts}
    if len(hosts) < len(project.hosts):
        clients |= set(known["clients"])
    certificate, key = (str(known["certificate"]), "") if known["certificate"] else made_certificate(address)
    cores = [Facts.from_wire(host.session.facts).cores for host in hosts]
    each = [postgresql.own_connections(project, Facts(cores=count)) for count in cores]
    connections = sum(each) + max(each) * (len(project.hosts) - len(hosts))
    others = tuple(str(other) for other in known["others"])
    return Place(Away(address, certificate), key, tuple(sorted(clients)), others, connections)


def plan(project: Project, own: Own, there: Host, place: Place) -> DatabasePlan:
    """Ask the host what it would change. Raises HostError, ConfigError."""
    facts = Facts.from_wire(there.session.facts).with_memory(there.app["memory"])
    inputs = Inputs(project, facts, (), {}, Requirements(), Source(), own=own.values, away=place.away)
    resources = database_host.resources(inputs, there.layout, place, address_of(there.name))
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
