"""PgBouncer in front of the host's PostgreSQL: many connections of apps share few of the server's.

One for all apps of the host, on a unix socket of its own. It asks PostgreSQL itself what a password is checked by, and
passes what the app has shown on to the server (pgbouncer.config(5), auth_query, auth_type), so that no password is in a
file of its own.
"""

from __future__ import annotations

from dataclasses import replace

from seawall.agent.resource import Resource
from seawall.agent.vocabulary import AtBoot, File, Service
from seawall.stack.facts import Facts
from seawall.stack.templates import render
from seawall.stack.unit_files import UNIT_DIR, UNITS

PACKAGE, UNIT = "pgbouncer", "pgbouncer.service"
SETTINGS = "/etc/pgbouncer/seawall.ini"
#: Part of the socket's name; Debian's own.
PORT = 6432
#: Connections to the server for each app, and how many more when those do not suffice for a while: PgBouncer's own
#: default, and a quarter of it (pgbouncer.config(5), default_pool_size, reserve_pool_size).
POOL, RESERVE = 20, 5
#: PgBouncer's own default is 100, which the apps alone could ask for.
CLIENTS = 2000
#: What installs one before 1.21, the first that keeps prepared statements apart in transactions (its changelog).
OLD = {("debian", "11"), ("debian", "12"), ("ubuntu", "22.04")}
#: Drivers that prepare statements without being asked to, and how they are told not to.
PREPARING = {
    "psycopg": "prepare_threshold=None when it connects (SQLAlchemy: connect_args)",
    "asyncpg": "statement_cache_size=0 when it connects (SQLAlchemy: connect_args)",
}
#: Whether it runs, and by these settings: its package starts it by the distribution's.
RUNS = "systemctl is-active --quiet {unit} && grep -qsz {settings} /proc/$(systemctl show -P MainPID {unit})/cmdline"
SERVICE = Service(
    "pgbouncer",
    reload=("systemctl", "reload", UNIT),
    start=("systemctl", "restart", UNIT),
    running=("/bin/sh", "-c", RUNS.format(unit=UNIT, settings=SETTINGS)),
)


def resources(socket: str) -> tuple[Resource, ...]:
    """Its settings, its unit, and that it runs; ``socket`` is the folder of PostgreSQL's socket, and of its own."""
    settings = render("pgbouncer.ini.j2", socket=socket, port=PORT, pool=POOL, reserve=RESERVE, clients=CLIENTS)
    unit = render("pgbouncer-unit.conf.j2", settings=SETTINGS)
    return (
        SERVICE,
        UNITS,
        File(SETTINGS, settings, 0o640, "root", "postgres", service=SERVICE.name),
        File(f"{UNIT_DIR}/{UNIT}.d/10-seawall.conf", unit, service=UNITS.name),
        AtBoot(UNIT),
    )


def ended(facts: Facts) -> tuple[Resource, ...]:
    """Its end, where no app of the host uses it but the one that is about to stop: its files go by themselves."""
    if not facts.pool_unused:
        return ()
    # Its settings may be gone by then, and what runs by them is still to be ended.
    return (replace(SERVICE, reload=(), stop=("systemctl", "stop", UNIT), wanted=False), AtBoot(UNIT, on=False))


def notes(os: tuple[str, str], required: frozenset[str]) -> tuple[str, ...]:
    """That a driver of the app prepares statements, where this PgBouncer cannot carry that."""
    if os not in OLD:
        return ()
    return tuple(
        f"{driver} prepares statements by itself, which this distribution's PgBouncer cannot carry: give it {remedy}"
        for driver, remedy in PREPARING.items()
        if driver in required
    )
