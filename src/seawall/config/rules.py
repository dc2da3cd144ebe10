"""Rules that concern more than one key, or the files beside the configuration."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath

from seawall.config import alert_rules, pitr_rules
from seawall.config.database import SERVERS
from seawall.config.mistakes import Mistake, dotted
from seawall.config.model import LOCAL, Project

#: No key of the file: it is made of the name and the environment's.
APP_ID = ("app_id",)

#: Databases and roles that servers bring.
RESERVED = ("postgres", "template0", "template1")

_SECRET_WORDS = ("SECRET", "PASSWORD", "TOKEN", "KEY")


def contradictions(project: Project) -> list[Mistake]:
    """What cannot be meant, seen without looking at any file."""
    return [
        *_too_long(project),
        *_both_plain_and_secret(project),
        *_unreadable_providers(project),
        *_twice("domains", project.domains),
        *_twice("redirect_from", project.redirect_from),
        *_twice("hosts", project.hosts),
        *_twice("secrets", project.secrets),
        *_half_a_certificate(project),
        *_no_name_to_certify(project),
        *_redirects_to_nowhere(project),
        *_nested_persisted_paths(project),
        *_one_name_for_two(project),
        *_one_port_for_two(project),
        *_no_place_for_a_database(project),
        *_database_elsewhere(project),
        *_pool_of_nothing(project),
        *_set_twice(project),
        *alert_rules.contradictions(project.alerts),
        *pitr_rules.contradictions(project),
    ]


def hindrances(project: Project) -> list[Mistake]:
    """What keeps ``project`` from being deployed: files that are not there, and no host to go to."""
    found = list(_missing_files(project))
    if project.environment != LOCAL and not project.hosts:
        found.append(Mistake(("hosts",), "there is no host to deploy to", 'Add one: hosts = ["root@203.0.113.5"].'))
    return found


def looks_secret(name: str) -> bool:
    """Whether a variable's name says that its value is a secret."""
    return any(word in name.upper() for word in _SECRET_WORDS)


def doubts(project: Project) -> list[Mistake]:
    """What is allowed but looks wrong: values among the plain variables that look like secrets."""
    return [*_plain_secrets(project), *alert_rules.doubts(project.alerts)]


def _plain_secrets(project: Project) -> list[Mistake]:
    return [
        Mistake(
            ("env", name),
            f"`env.{name}` looks like a secret, and this file is for everybody to read",
            f"Move it: `seawall secret set {name}`, and add it to `secrets`.",
        )
        for name, value in project.env.items()
        if value and looks_secret(name)
    ]


def _too_long(project: Project) -> Iterator[Mistake]:
    """The name of a Linux user has at most 32 characters (useradd(8))."""
    if len(project.app_id) > 31:
        yield Mistake(
            APP_ID,
            f"the app would be called {project.app_id}, which has more than 31 characters",
            f"Give [environments.{project.environment}] a shorter `name` of its own.",
        )


def _both_plain_and_secret(project: Project) -> Iterator[Mistake]:
    for name in project.env:
        if name in project.secrets:
            yield Mistake(("env", name), f"{name} is in [env] and in `secrets`", "Keep it in one of them.")
        if name in project.secrets_from:
            yield Mistake(("env", name), f"{name} is in [env] and in [secrets_from]", "Keep it in one of them.")


def _unreadable_providers(project: Project) -> Iterator[Mistake]:
    for name, command in project.secrets_from.items():
        try:
            shlex.split(command)
        except ValueError as error:
            key = ("secrets_from", name)
            yield Mistake(key, f"`{dotted(key)}` cannot be read as a command: {error}", "Close the quotes.")


def _twice(key: str, values: tuple[str, ...]) -> Iterator[Mistake]:
    for index, value in enumerate(values):
        if value in values[:index]:
            yield Mistake((key, index), f"`{key}` names {value} twice")


def _half_a_certificate(project: Project) -> Iterator[Mistake]:
    if project.tls.mode != "files":
        return
    for name, value in (("certificate", project.tls.certificate), ("key", project.tls.key)):
        if not value:
            yield Mistake(
                ("tls", "mode"),
                f'`tls.mode` is "files", which needs `tls.{name}`',
                'Give the path of a PEM file on the host, or take "self-signed".',
            )


def _no_name_to_certify(project: Project) -> Iterator[Mistake]:
    """An authority shows that a name is yours by asking the site under it, which a wildcard does not allow (RFC 8555,
    8.3)."""
    if project.tls.mode != "acme":
        return
    if not project.domains:
        yield Mistake(
            ("tls", "mode"),
            '`tls.mode` is "acme", which needs a name in `domains`',
            'Add the site\'s name, or take "self-signed" until it has one.',
        )
    for index, domain in enumerate(project.domains):
        if domain.startswith("*."):
            yield Mistake(
                ("domains", index),
                f'`tls.mode` is "acme", which has no certificates for wildcards such as {domain}',
                'Name the host names one by one, or use "files".',
            )


def _redirects_to_nowhere(project: Project) -> Iterator[Mistake]:
    if project.redirect_from and not project.domains:
        yield Mistake(("redirect_from",), "there is no domain to send visitors on to", "Add one to `domains`.")
    for index, domain in enumerate(project.redirect_from):
        if domain in project.domains:
            fact = f"{domain} is in `domains` and in `redirect_from`"
            yield Mistake(("redirect_from", index), fact, "Keep it in one of them.")
        if domain.startswith("*."):
            yield Mistake(
                ("redirect_from", index), "a wildcard cannot be redirected", "Name the host names one by one."
            )


def _nested_persisted_paths(project: Project) -> Iterator[Mistake]:
    paths = [PurePosixPath(path) for path in project.app.persist]
    for index, path in enumerate(paths):
        for other_index, other in enumerate(paths):
            if other in path.parents or (path == other and index > other_index):
                fact = f"{path} lives on already, as `app.persist` names {other}"
                yield Mistake(("app", "persist", index), fact, "Remove one of them.")


def _one_name_for_two(project: Project) -> Iterator[Mistake]:
    for name in project.schedule:
        if name in project.processes:
            yield Mistake(("schedule", name), f"{name} is in [processes] and in [schedule]", "Rename one of them.")


def _no_place_for_a_database(project: Project) -> Iterator[Mistake]:
    """A name that the server has for itself (PostgreSQL's documentation, 21.3 and 23.3), or more than one host."""
    if project.database.kind not in SERVERS:
        return
    if project.database.name in RESERVED:
        fact = f"`database.name` is {project.database.name}, which is the server's own"
        yield Mistake(("database", "name"), fact, "Choose another one.")
    if project.database.name.startswith("pg_"):
        fact = "`database.name` begins with pg_, as the server's own do"
        yield Mistake(("database", "name"), fact, "Choose another one.")
    if len(project.hosts) > 1 and not project.database.host:
        own = "give it a host of its own with `host`, or " if project.database.kind == "postgresql" else ""
        yield Mistake(
            ("database", "kind"),
            f"`database.kind` is {project.database.kind}, which the app reaches on its own host alone, and `hosts` has "
            f"{len(project.hosts)}",
            f'Keep to one host, {own}set kind = "external" and give the app the URL of a database that all of them '
            f"reach, as the secret {project.database.variable}.",
        )


def _database_elsewhere(project: Project) -> Iterator[Mistake]:
    """What a database on a host of its own cannot be, or have."""
    database = project.database
    if project.environment == LOCAL:
        return
    if not database.host:
        if database.replica:
            fact = "`database.replica` follows `database.host`, and none is named"
            yield Mistake(("database", "replica"), fact, "Give the database a host of its own, or leave this out.")
        if database.address:
            fact = "`database.address` is that of `database.host`, and none is named"
            yield Mistake(("database", "address"), fact, "Name the host, or leave the address out.")
        return
    yield from _replica(project)
    place = ("database", "host")
    if database.kind != "postgresql":
        fact = f"`database.host` is for PostgreSQL, and `database.kind` is {database.kind}"
        remedy = 'Leave `host` out, or set kind = "postgresql".'
        if database.kind == "mariadb":
            remedy += ' A MariaDB on another host is kind = "external".'
        yield Mistake(place, fact, remedy)
    if database.host in project.hosts:
        fact = f"`database.host` is {database.host}, and `hosts` has it too: it is a host of the database's own"
        alone = len(project.hosts) == 1
        remedy = "Leave `host` out: there the database is reached over a socket." if alone else "Name another one."
        yield Mistake(place, fact, remedy)
    if database.pool and database.kind == "postgresql":
        fact = "`database.pool` is a PgBouncer on the database's host, whose socket no other host reaches"
        yield Mistake(("database", "pool"), fact, "Leave it out; `connections` says how many the app may hold.")
    if project.drill.command:
        fact = "`drill.command` runs in the app's release, and the drill of the database on `database.host`"
        yield Mistake(("drill", "command"), fact, "Leave it out: rows and checksums are compared without it.")


def _replica(project: Project) -> Iterator[Mistake]:
    database = project.database
    if database.replica and database.replica in (database.host, *project.hosts):
        fact = f"`database.replica` is {database.replica}, which is the database's own host, or one of the app's"
        yield Mistake(("database", "replica"), fact, "Name a host of its own.")
    if database.replica_address and not database.replica:
        fact = "`database.replica_address` is that of `database.replica`, and none is named"
        yield Mistake(("database", "replica_address"), fact, "Name the host, or leave the address out.")
    if database.names_replica and database.replica_variable == database.variable:
        fact = f"{database.variable} would be the database's URL and the replica's"
        yield Mistake(("database", "replica_variable"), fact, "Give one of them another name.")


def _set_twice(project: Project) -> Iterator[Mistake]:
    """The variable that [database] sets cannot be somebody's secret or value too."""
    variable, kind = project.database.variable, project.database.kind
    if kind in ("none", "external"):
        return
    fact = f"{variable} is set by [database], of the kind {kind}, and named here too"
    remedy = 'Remove it here; a database of somebody else\'s is kind = "external".'
    for index, name in enumerate(project.secrets):
        if name == variable:
            yield Mistake(("secrets", index), fact, remedy)
    for table in ("env", "secrets_from"):
        if variable in getattr(project, table):
            yield Mistake((table, variable), fact, remedy)


def _pool_of_nothing(project: Project) -> Iterator[Mistake]:
    database = project.database
    if not database.pool:
        return
    if database.kind != "postgresql":
        fact = f"`database.pool` is PgBouncer, which is for PostgreSQL, and `database.kind` is {database.kind}"
        yield Mistake(("database", "pool"), fact, "Leave it out.")
    elif database.connections != "auto":
        fact = "`database.connections` would be ignored: with `database.pool` the pool decides how many there are"
        yield Mistake(("database", "connections"), fact, "Leave one of them out.")


def _one_port_for_two(project: Project) -> Iterator[Mistake]:
    if project.local.port and project.local.port == project.local.http_port:
        yield Mistake(("local", "http_port"), "https and http cannot share a port", "Give them different numbers.")


def _missing_files(project: Project) -> Iterator[Mistake]:
    if not project.root.is_dir():
        yield Mistake(("app", "root"), f"there is no folder {project.app.root}")
        return
    yield from _leaving(project)
    if project.app.requirements and not (project.root / project.app.requirements).is_file():
        yield Mistake(
            ("app", "requirements"),
            f"there is no file {project.app.requirements} in {_folder(project)}",
            "Write it, or name yours: requirements.txt, pyproject.toml, uv.lock, poetry.lock, pdm.lock, Pipfile.lock. "
            'An app that needs nothing has requirements = "".',
        )
    for prefix, folder in project.static.items():
        if not (project.root / folder).is_dir():
            yield Mistake(
                ("static", prefix),
                f"there is no folder {folder} in {_folder(project)}",
                f"`{dotted(('static', prefix))}` names a folder whose files the proxy serves.",
            )


def _leaving(project: Project) -> Iterator[Mistake]:
    """Paths that leave the project by way of a symbolic link."""
    inside = project.directory.resolve()
    named: Iterable[tuple[tuple[str, ...], str]] = [
        (("app", "root"), "."),
        (("app", "requirements"), project.app.requirements),
        *((("static", prefix), folder) for prefix, folder in project.static.items()),
    ]
    for key, path in named:
        if not (project.root / path).resolve().is_relative_to(inside):
            yield Mistake(key, f"`{dotted(key)}` leads out of the project by a link", "Name a path inside the project.")


def _folder(project: Project) -> str:
    return "the project" if project.app.root == "." else project.app.root
