"""An app's data: its database on the host, how the app reaches it, and what the jobs that back it up need to know."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from ipaddress import ip_address, ip_network
from urllib.parse import urlsplit

from seawall.agent.data.vocabulary import Data, Database
from seawall.agent.resource import Resource
from seawall.agent.vocabulary import Layout
from seawall.config.database import SERVERS
from seawall.config.model import Project
from seawall.errors import ConfigError
from seawall.stack import backup, database_host, mariadb, pitr, postgresql, redis, sqlite
from seawall.stack.composition import Away, Inputs
from seawall.stack.engine import Engine
from seawall.stack.facts import Facts
from seawall.stack.targets import LocalTarget, Target

ENGINES: Mapping[str, Engine] = {"postgresql": postgresql, "mariadb": mariadb, "sqlite": sqlite}


def engine_of(project: Project) -> Engine | None:
    """What knows the database on the app's own host; None where it has none of seawall's there."""
    return None if project.database.host else ENGINES.get(project.database.kind)


def of(project: Project, layout: Layout, facts: Facts) -> Data | None:
    """What the host's jobs are told; None where seawall looks after nothing of the app's."""
    engine, repository, cache = engine_of(project), backup.repository(project, layout), redis.server(project, layout)
    database = _database(engine, project, layout, facts) if engine else None
    former = _former(database, facts)
    if not (engine or repository or cache or project.alerts.wanted or former):
        return None
    return Data(
        layout.app,
        layout.base,
        layout.user,
        database,
        cache,
        folders=(f"{layout.base}/data",),
        repository=repository,
        retention=backup.retention(project),
        drill=backup.drill(project),
        archive=pitr.archive(project, layout, facts) if engine else None,
        former=former,
    )


def _database(engine: Engine, project: Project, layout: Layout, facts: Facts) -> Database:
    return replace(engine.database(project, layout, facts), variable=project.database.variable)


def _former(database: Database | None, facts: Facts) -> tuple[Database, ...]:
    """What the host still has of the app's, besides the one that it is to have: remembered for who removes the app."""
    own = (database.kind, database.name) if database else ()
    return tuple(replace(one, connections=0) for one in facts.databases if (one.kind, one.name) != own)


def check(project: Project, target: Target, env: Mapping[str, str], away: Away | None) -> None:
    """Raises ConfigError for a database that the target cannot have, or that the app's sandbox keeps it from."""
    kind, variable = project.database.kind, project.database.variable
    if isinstance(target, LocalTarget) and kind in SERVERS:
        raise ConfigError(
            f"`seawall up` sets up no database server, and [database] kind is {kind}",
            place="[database] kind",
            remedy=f'set kind = "none" in [environments.local.database], and {variable} in .env.local '
            "to a database that is there",
        )
    if kind != "sqlite" and project.database.path:
        raise ConfigError(
            "only an SQLite database is a file among the app's data",
            place="[database] path",
            remedy='leave it out, or set kind = "sqlite"',
        )
    if kind == "sqlite" and len(project.hosts) > 1:
        raise ConfigError(
            "each host would have an SQLite database of its own, and a visitor would meet now this one, now that",
            place="[database] kind",
            remedy="keep one host, or use a database that the hosts share",
        )
    if isinstance(target, LocalTarget) and project.redis.enabled:
        raise ConfigError(
            "`seawall up` sets up no Redis, and [redis] is enabled",
            place="[redis] enabled",
            remedy=f"set enabled = false in [environments.local.redis], and {project.redis.variable} in .env.local to "
            "a Redis that is there",
        )
    urls = [env.get(variable, "")] if kind == "external" and not isinstance(target, LocalTarget) else []
    urls += [database_host.place(address) for address in (away.address, away.replica) if address] if away else []
    if any(_out_of_reach(project, url) for url in urls):
        raise ConfigError(
            f"`sandbox.outbound` does not let the app connect to the database that {variable} names",
            place="[sandbox] outbound",
            remedy="add the database's address or network to it",
        )


def _out_of_reach(project: Project, url: str) -> bool:
    """Whether the app may not connect to where a URL leads; names that only the host can look up are let pass."""
    allowed, host = project.sandbox.outbound, urlsplit(url).hostname or "localhost"
    if allowed == "any" or host == "localhost":
        return False
    try:
        address = ip_address(host)
    except ValueError:
        return allowed == "none"
    networks = () if allowed == "none" else allowed
    return not address.is_loopback and not any(address in ip_network(network) for network in networks)


def units(project: Project) -> tuple[str, ...]:
    """The units of systemd that the app is started after at boot."""
    engine = engine_of(project)
    return (*(engine.units() if engine else ()), *redis.units(project))


def packages(project: Project) -> tuple[str, ...]:
    """The distribution's packages that the data needs."""
    engine = engine_of(project)
    own = engine.packages(project) if engine else ()
    return (*own, *redis.packages(project), *backup.packages(project), *(pitr.packages(project) if engine else ()))


def resources(project: Project, layout: Layout, facts: Facts) -> tuple[Resource, ...]:
    """What the host holds for the data, without secrets. Raises ConfigError."""
    engine, data = engine_of(project), of(project, layout, facts)
    own = engine.resources(project, layout, facts) if engine else ()
    return (
        *own,
        *redis.resources(project, layout, facts),
        *(backup.told(data) if data else ()),
        *backup.resources(project, layout),
        *(pitr.resources(project, layout, facts) if engine else ()),
    )


def local_resources(project: Project, layout: Layout, facts: Facts) -> tuple[Resource, ...]:
    """What this machine holds for the data: a file, but no server. Raises ConfigError."""
    engine = engine_of(project)
    return engine.resources(project, layout, facts) if engine else ()


def secret_resources(inputs: Inputs, layout: Layout) -> tuple[Resource, ...]:
    """What the host holds for the data and nobody else may read."""
    engine = engine_of(inputs.project)
    own = engine.secret_resources(inputs, layout) if engine else ()
    pinned = database_host.pinned(layout, inputs.away) if inputs.away else ()
    archived = pitr.secret_resources(inputs, layout) if engine else ()
    return (*own, *pinned, *backup.secret_resources(inputs, layout), *archived)


def variables(
    project: Project,
    layout: Layout,
    own: Mapping[str, str],
    env: Mapping[str, str],
    required: frozenset[str],
    *,
    away: Away | None = None,
) -> dict[str, str]:
    """The environment variables by which the app finds its data. Raises ConfigError for one that ``env`` has too."""
    engine, made = engine_of(project), {}
    if engine is not None or away is not None:
        _must_be_free(project.database.variable, "database", 'set kind = "none"', env)
    if engine is not None:
        made[project.database.variable] = engine.url(project, layout, own, required)
    if away is not None:
        made[project.database.variable] = database_host.url(project, layout, own, away.address)
    if away is not None and (away.replica or project.database.names_replica):
        # An app that wants the variable wherever it runs reads from the one server there is.
        _must_be_free(project.database.replica_variable, "database", "leave `replica` out", {**env, **made})
        made[project.database.replica_variable] = database_host.url(project, layout, own, away.replica or away.address)
    if project.redis.enabled:
        _must_be_free(project.redis.variable, "redis", "set enabled = false", {**env, **made})
        made[project.redis.variable] = redis.url(project, layout)
    return made


def _must_be_free(variable: str, table: str, instead: str, env: Mapping[str, str]) -> None:
    if variable in env:
        raise ConfigError(
            f"{variable} is set among the app's variables, and [{table}] sets it too",
            place=f"[{table}] variable",
            remedy=f"remove it there, name another one here, or {instead} and see to it yourself",
        )


def memory(project: Project, facts: Facts) -> dict[str, int]:
    """The bytes of the host's memory that its servers of data may take, by their kinds: also those of other apps."""
    taken = {kind: engine.memory(project, facts) for kind, engine in ENGINES.items()}
    taken["redis"] = redis.memory(project, facts)
    return {kind: bytes_ for kind, bytes_ in taken.items() if bytes_}


def notes(inputs: Inputs) -> tuple[str, ...]:
    """What a person should know before a deployment."""
    engine = engine_of(inputs.project)
    own = engine.notes(inputs) if engine else ()
    left = (*_left(inputs.project, inputs.facts), *redis.notes(inputs.project, inputs.facts))
    return (*own, *left, *backup.notes(inputs.project), *pitr.notes(inputs.project))


def _left(project: Project, facts: Facts) -> tuple[str, ...]:
    """That a database stays when another one, or none, comes in its place."""
    before = next((one for one in facts.databases if one.connections), None)
    own = (project.database.kind, project.database.name or project.app_id) if engine_of(project) else ()
    if before is None or (before.kind, before.name) == own:
        return ()
    return (
        f"the {before.kind} database {before.name} stays on the host with all that is in it, and is backed up no more; "
        "`seawall destroy --with-data` removes it with the app",
    )
