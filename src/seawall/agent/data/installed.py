"""Which servers of databases the host has, told from their files, without starting a process."""

from __future__ import annotations

import contextlib
import json
import re
from dataclasses import asdict
from pathlib import Path
from typing import Any

from seawall.agent import files, owned
from seawall.agent.data.places import DataPlaces
from seawall.agent.errors import AgentError, NeedsPerson
from seawall.agent.places import Places

CLUSTERS = Path("/etc/postgresql")
MARIADB = Path("/usr/sbin/mariadbd")
#: The kinds of databases that are on a server of the host's, and not among the app's files.
SERVERS = ("postgresql", "mariadb")
#: The port that programs take where nobody names one; it is part of the socket's name.
PORT = 5432
#: The settings that seawall's PgBouncer runs by.
POOL, POOL_PID = Path("/etc/pgbouncer/seawall.ini"), Path("/var/run/postgresql/pgbouncer.pid")
#: The settings of pgBackRest, one file an app.
ARCHIVES = Path("/etc/pgbackrest")
_MAXMEMORY = re.compile(r"^maxmemory (\d+)$", re.M)
_PORT = re.compile(r"^\s*port\s*=?\s*(\d+)", re.M)


def postgresql() -> str:
    """The version of Debian's cluster ``main`` on the usual port, such as ``15``; "" where there is none."""
    found = [path.parent.parent.name for path in CLUSTERS.glob("*/main/postgresql.conf") if _port(path) == PORT]
    return max(found, key=lambda version: [int(part) for part in version.split(".")], default="")


def _port(path: Path) -> int:
    found = _PORT.search(path.read_text(errors="replace"))
    return int(found.group(1)) if found else PORT


def mariadb() -> bool:
    """Whether there is a MariaDB."""
    return MARIADB.exists()


def pool() -> bool:
    """Whether there is a PgBouncer of seawall's."""
    return POOL.exists()


def pool_unused(places: Places) -> bool:
    """Whether there is one, or one still runs, that no other app of the host than this one uses."""
    if not (pool() or _pool_runs()):
        return False
    with contextlib.suppress(NeedsPerson):  # of an app that does not know its own files nothing is taken away
        return str(POOL) not in owned.of_others(str(places.owned))
    return False


def _pool_runs() -> bool:
    """Whether a PgBouncer runs by seawall's settings (proc(5), cmdline)."""
    try:
        return str(POOL).encode() in Path("/proc", POOL_PID.read_text().strip(), "cmdline").read_bytes().split(b"\0")
    except OSError:
        return False


def redis_servers() -> list[str]:
    """The units of apps' own Redis servers, each with the bytes that its data may take: those that have a file, and
    those that run, which have a folder."""
    names = {path.stem for path in Path("/etc/systemd/system").glob("seawall-redis-*.service")}
    names |= {path.name for path in Path("/run").glob("seawall-redis-*")}
    return [f"{name}.service {_redis_memory(name)}" for name in sorted(names)]


def _redis_memory(name: str) -> int:
    settings = files.read_text(f"/etc/seawall/{name[len('seawall-') :]}.conf") or ""
    found = _MAXMEMORY.search(settings)
    return int(found.group(1)) if found else 0


def archives() -> list[str]:
    """The apps for which every change of the host's PostgreSQL server is archived, by pgBackRest's settings."""
    return sorted(path.stem[len("seawall-") :] for path in ARCHIVES.glob("seawall-*.conf"))


def connections(base: Path, kind: str) -> int:
    """How many connections the other apps of this host may hold to a server of this kind; ``base`` is this app's."""
    total = 0
    for path in base.parent.glob("*/state/data.json"):
        if path.parent.parent != base:
            total += _connections(path, kind)
    return total


def _connections(path: Path, kind: str) -> int:
    """What cannot be read counts for nothing: the app's own next deployment writes it anew."""
    try:
        database = json.loads(path.read_bytes())["database"] or {}
        return int(database["connections"]) if database["kind"] == kind else 0
    except (OSError, ValueError, KeyError, TypeError):
        return 0


def databases(base: Path) -> list[dict[str, Any]]:
    """Those of the app's on this host's servers, as `Database` on the wire: the one that it has, then former ones."""
    try:
        data = DataPlaces(base).data()
    except AgentError:
        return []
    return [asdict(one) for one in data.databases if one.kind in SERVERS]
