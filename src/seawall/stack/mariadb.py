"""MariaDB of the distribution's, on the app's own host, behind its unix socket: one server for all apps of the host.

Its settings follow from the host's memory alone, so that every app's deployment comes to the same ones.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote

from seawall.agent.data.vocabulary import Database
from seawall.agent.data.wanted import MariadbDatabase, MariadbServer
from seawall.agent.resource import Resource
from seawall.agent.vocabulary import File, Layout
from seawall.config.made_secrets import DATABASE_PASSWORD
from seawall.config.model import Project
from seawall.stack import at_once
from seawall.stack.composition import Inputs
from seawall.stack.facts import Facts
from seawall.stack.quoting import in_bytes
from seawall.stack.sqlite import SQLALCHEMY
from seawall.stack.templates import render
from seawall.stack.unit_files import UNITS

MIB = 1024 * 1024
SOCKET = "/run/mysqld/mysqld.sock"
FOLDER = "/etc/mysql/mariadb.conf.d"
UNIT = "/etc/systemd/system/mariadb.service.d/10-seawall.conf"
#: The server's part of the host's memory, one of so many; the apps are beside it. MariaDB's documentation gives the
#: buffer pool up to 80 % of a host that does nothing else (InnoDB Buffer Pool).
SHARE = 4
#: Where the host does not say what it has.
UNKNOWN = 1024 * MIB
#: Of the server's memory so much is the buffer pool, in per cent; the rest is for connections, temporary tables and the
#: server itself.
POOL = 70
#: The pool is made of pieces of 128 MiB (innodb_buffer_pool_chunk_size, before 10.8); one that is smaller is one piece.
PIECE, SMALL_PIECE = 128 * MIB, 8 * MIB
#: `max_connections` grows by steps; the first is MariaDB's own default, rounded.
CONNECTIONS_STEP, LEAST_CONNECTIONS = 50, 150
#: Beside those of the apps: for administrators, and for what looks after the data.
SPARE_CONNECTIONS = 10
#: Drivers by the distribution that brings them (PEP 503), and what SQLAlchemy calls them, the first that is named.
DRIVERS = {
    "pymysql": "mysql+pymysql",
    "mysqlclient": "mysql+mysqldb",
    "mariadb": "mariadb+mariadbconnector",
    "mysql-connector-python": "mysql+mysqlconnector",
    "asyncmy": "mysql+asyncmy",
    "aiomysql": "mysql+aiomysql",
}


def packages(_project: Project) -> tuple[str, ...]:
    return ("mariadb-server",)


def units() -> tuple[str, ...]:
    return ("mariadb.service",)


def database(project: Project, _layout: Layout, facts: Facts) -> Database:
    name = project.database.name or project.app_id
    return Database("mariadb", name, name, socket=SOCKET, connections=at_once.allowed(project, facts.cores))


def resources(project: Project, _layout: Layout, facts: Facts) -> tuple[Resource, ...]:
    files = {f"{FOLDER}/70-seawall.cnf": settings(_usual(facts), max_connections(project, facts))}
    if project.database.memory != "auto":
        # In a file of its own, which is read after the other: that one is the same for every app of the host.
        files[f"{FOLDER}/71-seawall-memory.cnf"] = pool(memory(project, facts))
    last: dict[str, str] = {}
    for values in files.values():
        last |= values
    return (
        File(UNIT, render("mariadb-unit.conf.j2"), service=UNITS.name),
        UNITS,
        *(File(path, render("mariadb.cnf.j2", settings=values)) for path, values in files.items()),
        MariadbServer(SOCKET, max(files), _lines(last)),
    )


def secret_resources(inputs: Inputs, layout: Layout) -> tuple[Resource, ...]:
    made = database(inputs.project, layout, inputs.facts)
    return (MariadbDatabase(SOCKET, made.name, made.user, inputs.own[DATABASE_PASSWORD]),)


def url(project: Project, _layout: Layout, own: Mapping[str, str], required: frozenset[str]) -> str:
    """By the socket, in UTF-8. SQLAlchemy must be told the driver, which is the one that the requirements name; others,
    such as Django's environ, know none but `mysql`."""
    name = project.database.name or project.app_id
    scheme = project.database.scheme or _scheme(required)
    # MariaDB's own connector knows nothing but UTF-8, and no such word.
    charset = "" if "mariadbconnector" in scheme else "&charset=utf8mb4"
    password = quote(own[DATABASE_PASSWORD], safe="")
    return f"{scheme}://{name}:{password}@localhost/{name}?unix_socket={SOCKET}{charset}"


def _scheme(required: frozenset[str]) -> str:
    named = [scheme for name, scheme in DRIVERS.items() if name in required]
    return named[0] if named and required & SQLALCHEMY else "mysql"


def memory(project: Project, facts: Facts) -> int:
    """What the server may count on: as configured; else its part of the host, also where only other apps have it."""
    if project.database.kind == "mariadb" and project.database.memory != "auto":
        return in_bytes(project.database.memory)
    return _usual(facts) if project.database.kind == "mariadb" or facts.mariadb else 0


def notes(inputs: Inputs) -> tuple[str, ...]:
    if not inputs.required or inputs.required & DRIVERS.keys():
        return ()
    return ("the requirements name no driver for MariaDB, such as pymysql or mysqlclient: the app may lack one",)


def max_connections(project: Project, facts: Facts) -> int:
    """Enough for all apps of the host, in steps."""
    needed = at_once.allowed(project, facts.cores) + facts.mariadb_connections + SPARE_CONNECTIONS
    return max(LEAST_CONNECTIONS, -(-needed // CONNECTIONS_STEP) * CONNECTIONS_STEP)


def settings(budget: int, most: int) -> dict[str, str]:
    """The server's, as it shows them itself: no network, no files of clients."""
    return {"skip_networking": "ON", "local_infile": "OFF", "max_connections": str(most), **pool(budget)}


def pool(budget: int) -> dict[str, str]:
    """The buffer pool, in whole pieces: the server would round it, and then have another one than it was told."""
    wanted = budget * POOL // 100
    piece = PIECE if wanted >= PIECE else SMALL_PIECE
    return {"innodb_buffer_pool_size": str(max(SMALL_PIECE, wanted // piece * piece))}


def _usual(facts: Facts) -> int:
    return facts.part_of_memory(SHARE, UNKNOWN)


def _lines(values: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(f"{name}={value}" for name, value in sorted(values.items()))
