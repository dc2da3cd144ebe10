"""Whether a database on another machine can be reached, and what it says before anybody logs in.

PostgreSQL tells whether it encrypts (its documentation, 55.2.11, SSL Session Encryption), MySQL and MariaDB greet with
their version too (MySQL's internals, Protocol::HandshakeV10).
"""

from __future__ import annotations

import ipaddress
import socket
import struct
from dataclasses import dataclass
from urllib.parse import parse_qs, unquote, urlsplit

from seawall.agent.errors import DatabaseUnfit

TIMEOUT = 5.0  #: seconds
POSTGRESQL, MYSQL = "postgresql", "mysql"
#: What URLs begin with, without SQLAlchemy's name of the driver.
FAMILIES = {"postgres": POSTGRESQL, "postgresql": POSTGRESQL, "mysql": MYSQL, "mariadb": MYSQL}
PORTS = {POSTGRESQL: 5432, MYSQL: 3306}
SSL_REQUEST = struct.pack("!ii", 8, 80877103)
#: Of the greeting's capabilities (Capabilities Flags).
CLIENT_SSL = 0x0800
#: What asks libpq never to go on without encryption (34.18.1).
MUST_ENCRYPT = ("require", "verify-ca", "verify-full")
STATE = "the new release was not started"


@dataclass(frozen=True)
class Target:
    """Where a URL leads: ``hosts`` with their ports in the order in which they are tried; none for a unix socket."""

    family: str
    hosts: tuple[tuple[str, int], ...]
    encrypted: bool


@dataclass(frozen=True)
class Greeting:
    """What was said before a login; ``version`` is "" where nothing says it."""

    host: str
    port: int
    encrypts: bool
    version: str = ""

    @property
    def place(self) -> str:
        return f"{self.host}:{self.port}"


def target(url: str) -> Target | None:
    """Where a URL leads, None where its kind of database is not known here. Raises ValueError for no URL at all."""
    parts = urlsplit(url)
    family = FAMILIES.get(parts.scheme.partition("+")[0])
    if family is None:
        return None
    query = parse_qs(parts.query)
    named = query.get("host", [""])[-1] or unquote(parts.netloc.rpartition("@")[2])
    hosts = tuple(_host_and_port(one, PORTS[family]) for one in named.split(",") if one and not one.startswith("/"))
    asked = query.get("sslmode", [""])[-1] in MUST_ENCRYPT or any(name in query for name in ("ssl_ca", "ssl_cert"))
    return Target(family, hosts if "unix_socket" not in query else (), asked)


def _host_and_port(text: str, usual: int) -> tuple[str, int]:
    parts = urlsplit(f"//{text}")
    return parts.hostname or "localhost", parts.port or usual


def knock(wanted: Target) -> Greeting:
    """The greeting of the first of the hosts that answers. Raises DatabaseUnfit for what none of them does."""
    failure: DatabaseUnfit | None = None
    for host, port in wanted.hosts:
        try:
            return _greet(wanted.family, host, port)
        except DatabaseUnfit as error:
            failure = failure or error
    assert failure is not None  # noqa: S101 - asked only where there are hosts
    raise failure


def _greet(family: str, host: str, port: int) -> Greeting:
    place = f"{host}:{port}"
    try:
        with socket.create_connection((host, port), TIMEOUT) as connection:
            talk = _postgresql if family == POSTGRESQL else _mysql
            encrypts, version = talk(connection, place)
    except socket.gaierror as error:
        raise DatabaseUnfit(
            f"the database's host {host} is not known to this server: {error.strerror}",
            place=place,
            state=STATE,
            remedy="correct the URL; `getent hosts NAME` on the server shows what it knows",
        ) from error
    except ConnectionRefusedError as error:
        raise DatabaseUnfit(
            f"nothing listens at {place}, or it refuses this server",
            place=place,
            state=STATE,
            remedy="start the database there, and let it listen on that address; or correct the URL",
        ) from error
    except (socket.timeout, TimeoutError) as error:
        raise DatabaseUnfit(
            f"{place} does not answer within {TIMEOUT:g} s",
            place=place,
            state=STATE,
            remedy="let this server through the database's firewall: its security group, its trusted addresses",
        ) from error
    except OSError as error:
        raise DatabaseUnfit(
            f"the database cannot be reached: {error.strerror or error}",
            place=place,
            state=STATE,
            remedy="correct the URL, or the network between the two",
        ) from error
    return Greeting(host, port, encrypts, version)


def _postgresql(connection: socket.socket, place: str) -> tuple[bool, str]:
    connection.sendall(SSL_REQUEST)
    answer = connection.recv(1)
    if answer not in (b"S", b"N"):
        raise _stranger(place, "PostgreSQL")
    return answer == b"S", ""


def _mysql(connection: socket.socket, place: str) -> tuple[bool, str]:
    """Three bytes of length and a number, then the packet: a greeting, or why there is none."""
    head = _exactly(connection, 4)
    packet = _exactly(connection, int.from_bytes(head[:3], "little"))
    if packet[:1] == b"\xff":
        raise DatabaseUnfit(
            f"the database turns this server away: {packet[3:].decode(errors='replace')}",
            place=place,
            state=STATE,
            remedy="allow the user to connect from this server's address (CREATE USER 'NAME'@'ADDRESS')",
        )
    version, found, rest = packet[1:].partition(b"\0")
    if packet[:1] != b"\x0a" or not found or len(rest) < 15:
        raise _stranger(place, "MySQL or MariaDB")
    # A thread's number, eight bytes of a challenge and a filler come before the capabilities.
    capabilities = int.from_bytes(rest[13:15], "little")
    return bool(capabilities & CLIENT_SSL), str(version, "utf-8", "replace")


def _exactly(connection: socket.socket, count: int) -> bytes:
    data = b""
    while len(data) < count:
        more = connection.recv(count - len(data))
        if not more:
            break
        data += more
    return data


def _stranger(place: str, wanted: str) -> DatabaseUnfit:
    return DatabaseUnfit(
        f"what answers at {place} is no {wanted}",
        place=place,
        state=STATE,
        remedy="correct the host or port of the URL",
    )


def is_private(host: str) -> bool:
    """Whether what is said to a host stays on a machine or network of one's own, by its address (RFC 1918, 4193)."""
    try:
        addresses = {info[4][0] for info in socket.getaddrinfo(host, None)}
        return all(ipaddress.ip_address(str(address).partition("%")[0]).is_private for address in addresses)
    except (OSError, ValueError):
        return False
