"""PostgreSQL of the distribution's, on the app's own host, behind its unix socket: one server for all apps of the host.

Its settings follow from the host's memory, and from how many connections its apps may hold, so that every app's
deployment comes to the same ones.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote

from seawall.agent.data.vocabulary import Database
from seawall.agent.data.wanted import PostgresqlDatabase, PostgresqlServer
from seawall.agent.envfile import render_environment_file
from seawall.agent.resource import Resource
from seawall.agent.vocabulary import File, Layout
from seawall.config.made_secrets import DATABASE_PASSWORD
from seawall.config.model import Project
from seawall.errors import ConfigError
from seawall.stack import at_once, pgbouncer
from seawall.stack.composition import Inputs
from seawall.stack.facts import Facts
from seawall.stack.quoting import in_bytes
from seawall.stack.templates import render
from seawall.stack.unit_files import UNITS

MIB = 1024 * 1024
#: The folder of the server's unix socket, as Debian has it.
SOCKET = "/var/run/postgresql"
#: The PostgreSQL that a distribution installs.
DISTRIBUTED = {
    ("debian", "11"): "13",
    ("debian", "12"): "15",
    ("debian", "13"): "17",
    ("ubuntu", "22.04"): "14",
    ("ubuntu", "24.04"): "16",
}
#: The server's part of the host's memory, one of so many. The documentation's 25 % for `shared_buffers` (20.4.1) is for
#: a host that does nothing else; here the apps are beside it.
SHARE = 4
#: Where the host does not say what it has.
UNKNOWN = 1024 * MIB
#: `max_connections` grows by steps, as only a restart can change it; the first is PostgreSQL's own default (20.3.1).
CONNECTIONS_STEP, LEAST_CONNECTIONS = 50, 100
#: Beside those of the apps: three for administrators (superuser_reserved_connections, 20.3.1), and some for what looks
#: after the data.
SPARE_CONNECTIONS = 13
#: Of the connections one in so many sorts or hashes at any time, each with `work_mem` (20.4.1).
SORTING = 4


def packages(project: Project) -> tuple[str, ...]:
    return ("postgresql", *([pgbouncer.PACKAGE] if project.database.pool else []))


def units() -> tuple[str, ...]:
    return ("postgresql.service",)  # and with it PgBouncer, which an app finds again by itself


def database(project: Project, layout: Layout, facts: Facts) -> Database:
    name, connections = project.database.name or project.app_id, own_connections(project, facts)
    return Database("postgresql", name, name, socket=SOCKET, connections=connections, env_file=env_file(layout))


def own_connections(project: Project, facts: Facts) -> int:
    """How many connections the app may hold: its pool's, or twice a release's, as two run side by side."""
    if project.database.pool:
        return pgbouncer.POOL + pgbouncer.RESERVE
    return at_once.allowed(project, facts.cores)


def version(facts: Facts) -> str:
    """The server's major version: the one that is there, or that the distribution would install. Raises ConfigError."""
    found = facts.postgresql_version or DISTRIBUTED.get((facts.os_id, facts.os_version), "")
    if not found:
        raise ConfigError(
            f"it is not known which PostgreSQL {facts.os_id or 'the host'} {facts.os_version} installs",
            place="[database] kind",
            remedy="install it on the host (`apt install postgresql`), then run this again",
        )
    return found


def resources(project: Project, _layout: Layout, facts: Facts) -> tuple[Resource, ...]:
    """The unit, the settings and the server that has them. Raises ConfigError."""
    pool = pgbouncer.resources(SOCKET) if project.database.pool else ()
    return (*server(project, facts, own_connections(project, facts)), *pool)


def server(
    project: Project, facts: Facts, connections: int, more: Mapping[str, Mapping[str, str]] | None = None
) -> tuple[Resource, ...]:
    """The server for an app that may hold so many connections; ``more`` are settings of files of their own, by their
    names, which are read after those that are the same for every app of the host. Raises ConfigError."""
    major = version(facts)
    folder = f"/etc/postgresql/{major}/main/conf.d"
    unit = f"{unit_folder(major)}/10-seawall.conf"
    most = max_connections(connections, facts)
    files = {f"{folder}/seawall.conf": {**_access(most), **_sizes(_usual(facts), most)}}
    files |= {f"{folder}/{name}": dict(settings) for name, settings in (more or {}).items()}
    if project.database.memory != "auto":
        files[f"{folder}/seawall_memory.conf"] = _sizes(in_bytes(project.database.memory), most)
    return (
        File(unit, render("postgresql-unit.conf.j2"), service=UNITS.name),
        UNITS,
        *(File(path, render("postgresql.conf.j2", settings=settings)) for path, settings in files.items()),
        *(PostgresqlServer(major, path, _lines(settings)) for path, settings in files.items()),
    )


def unit_folder(major: str) -> str:
    """Where what is added to the server's unit lies."""
    return f"/etc/systemd/system/postgresql@{major}-main.service.d"


def secret_resources(inputs: Inputs, layout: Layout) -> tuple[Resource, ...]:
    name, password = inputs.project.database.name or inputs.project.app_id, inputs.own[DATABASE_PASSWORD]
    return (
        PostgresqlDatabase(version(inputs.facts), name, name, password),
        File(env_file(layout), render_environment_file({DATABASE_PASSWORD: password}), 0o600, secret=True),
    )


def env_file(layout: Layout) -> str:
    """What restores log in by, as the app's own role."""
    return f"{layout.base}/state/database.env"


def url(project: Project, _layout: Layout, own: Mapping[str, str], _required: frozenset[str]) -> str:
    """By the socket, as libpq reads it (PostgreSQL's documentation, 34.1.1.2, Connection URIs)."""
    name = project.database.name or project.app_id
    scheme = project.database.scheme or "postgresql"
    port = f"&port={pgbouncer.PORT}" if project.database.pool else ""
    return f"{scheme}://{name}:{quote(own[DATABASE_PASSWORD], safe='')}@/{name}?host={SOCKET}{port}"


def memory(project: Project, facts: Facts) -> int:
    """What the server may count on: as configured; else its part of the host, also where only other apps have it."""
    here = project.database.kind == "postgresql" and not project.database.host
    if here and project.database.memory != "auto":
        return in_bytes(project.database.memory)
    return _usual(facts) if here or facts.postgresql_version else 0


def notes(inputs: Inputs) -> tuple[str, ...]:
    facts = inputs.facts
    return pgbouncer.notes((facts.os_id, facts.os_version), inputs.required) if inputs.project.database.pool else ()


def max_connections(own: int, facts: Facts) -> int:
    """Enough for all apps of the host, this one's ``own`` included, in steps."""
    needed = own + facts.connections + SPARE_CONNECTIONS
    return max(LEAST_CONNECTIONS, -(-needed // CONNECTIONS_STEP) * CONNECTIONS_STEP)


def _usual(facts: Facts) -> int:
    return facts.part_of_memory(SHARE, UNKNOWN)


def _access(most: int) -> dict[str, str]:
    return {"listen_addresses": "", "password_encryption": "scram-sha-256", "max_connections": str(most)}


def _sizes(budget: int, most: int) -> dict[str, str]:
    """How the server's memory is divided (20.4.1, 20.7.2): half is what all share, the rest is for those who sort, and
    for upkeep, of which three may be at work at once (autovacuum_max_workers). The planner is told of what the kernel
    caches too: about as much again as the server has."""
    return {
        "shared_buffers": _size(budget // 2, 16),
        "effective_cache_size": _size(budget * 2, 64),
        "work_mem": _size(min(budget // 2 // max(1, most // SORTING), 64 * MIB), 1),
        "maintenance_work_mem": _size(min(budget // 16, 1024 * MIB), 16),
    }


def _size(number: int, least: int) -> str:
    """As PostgreSQL shows it: in the largest unit that leaves no fraction."""
    megabytes = max(number // MIB, least)
    return f"{megabytes // 1024}GB" if megabytes % 1024 == 0 else f"{megabytes}MB"


def _lines(settings: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(f"{name}={value}" for name, value in settings.items())
