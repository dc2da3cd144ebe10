"""An app's database on the host's MariaDB, and the user of it: rights there and nowhere else, from this host alone.

A user may have two passwords (MariaDB's documentation, CREATE USER, IDENTIFIED VIA … OR …). When the app's changes, the
one before stays good until the next change: the old release serves with it until the new one takes over, and again
after a rollback. A user and a database that were made stay when a deployment is taken back: they are empty, and the
next one takes them up.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from seawall.agent.data.engines.mariadb_client import Client, literal, pattern, quoted
from seawall.agent.data.engines.mariadb_figures import text
from seawall.agent.data.wanted import MariadbDatabase
from seawall.agent.errors import ApplyFailed, CommandFailed
from seawall.agent.resources import texts
from seawall.agent.resources.data_server import taken
from seawall.agent.resources.work import Work
from seawall.agent.vocabulary import Change

#: The plugin that every driver speaks.
PLUGIN = "mysql_native_password"
#: What the user is checked by, in both of the forms that the server keeps it in; what it may do everywhere ("USAGE" is
#: nothing, privilege number 0), and on the database.
USER = (
    "SELECT COALESCE(JSON_VALUE(priv, '$.authentication_string'), ''), COALESCE(JSON_VALUE(priv, '$.access'), 0),"
    " COALESCE(JSON_QUERY(priv, '$.auth_or'), '') FROM mysql.global_priv WHERE user = {user} AND host = 'localhost'"
)
GRANTED = "SELECT 1 FROM mysql.db WHERE user = {user} AND host = 'localhost' AND db = {pattern}"
OF_USER = "SELECT HEX(db) FROM mysql.db WHERE user = {user} AND host = 'localhost'"
DATABASE = "SELECT 1 FROM information_schema.schemata WHERE schema_name = {name}"


@dataclass(frozen=True)
class DatabaseFound:
    """``hashes`` are what the user's passwords are checked by, ``kept`` whether the wanted one's is among them."""

    runs: bool = False
    user: bool = False
    hashes: tuple[str, ...] = ()
    kept: bool = False
    database: bool = False
    granted: bool = False


def verifier(password: str) -> str:
    """What mysql_native_password keeps of a password (MariaDB's documentation, PASSWORD)."""
    once = hashlib.sha1(password.encode()).digest()  # noqa: S324 - the plugin's own way
    return f"*{hashlib.sha1(once).hexdigest().upper()}"  # noqa: S324


def observe(resource: MariadbDatabase) -> DatabaseFound:
    """What there is. Raises ApplyFailed where the name belongs to somebody else."""
    if not Path(resource.socket).is_socket():
        return DatabaseFound()
    values = {
        "user": literal(resource.user),
        "name": literal(resource.name),
        "pattern": literal(pattern(resource.name)),
    }
    try:
        with Client(resource.socket) as client:
            user, granted, database = (client.ask(query.format(**values)) for query in (USER, GRANTED, DATABASE))
    except CommandFailed as error:
        raise ApplyFailed(f"MariaDB could not be asked: {error.fact}", place=resource.socket) from error
    if user and int(user[0][1]):
        raise taken(f"the user {resource.user} is on this host's MariaDB already, with more rights than an app's")
    if database and not granted:
        raise taken(f"the database {resource.name} is on this host's MariaDB already, and is not {resource.user}'s")
    wanted = verifier(resource.password)
    known = f"{user[0][0]} {user[0][2]}" if user else ""
    hashes = tuple(dict.fromkeys(part for part in known.replace('"', " ").split() if _is_hash(part)))
    return DatabaseFound(True, bool(user), hashes, wanted in hashes, bool(database), bool(granted))


def _is_hash(text: str) -> bool:
    return len(text) == len(verifier("")) and text.startswith("*")


def diff(resource: MariadbDatabase, found: DatabaseFound) -> Change | None:
    """What must change, or None; no password is shown, nor what it is checked by."""
    user = resource.user
    lines = [] if found.user else [f"user {user}, from this host alone"]
    lines += [] if found.kept else [f"password of {user} (secret) {'changed' if found.user else 'set'}"]
    lines += [] if found.database else [f"database {resource.name}, in UTF-8"]
    lines += [] if found.granted else [f"{user} may do anything in it, and nothing elsewhere"]
    if not lines:
        return None
    stamp = (found.runs, found.user, found.kept, found.database, found.granted)
    action = "update" if found.database else "create"
    return Change("database", resource.name, action, "\n".join(lines), texts.digest(*stamp))


def apply(resource: MariadbDatabase, found: DatabaseFound, _work: Work) -> None:
    """Make it so. Raises ApplyFailed with the server's own words."""
    found = found if found.runs else observe(resource)
    try:
        with Client(resource.socket) as client:
            client.ask(*_statements(resource, found))
    except CommandFailed as error:
        raise ApplyFailed(
            f"the database {resource.name} could not be set up: {error.fact}", place=resource.name
        ) from error


def _statements(resource: MariadbDatabase, found: DatabaseFound) -> list[str]:
    user = f"{quoted(resource.user)}@localhost"
    made = []
    if not found.kept:
        hashes = [verifier(resource.password), *found.hashes[:1]]
        identified = " OR ".join(f"{PLUGIN} USING '{one}'" for one in hashes)
        # Not in a log of statements either, though it is no password.
        made += ["SET SESSION sql_log_off = 1"]
        made += [f"{'ALTER' if found.user else 'CREATE'} USER {user} IDENTIFIED VIA {identified}"]
    if not found.database:
        made += [f"CREATE DATABASE {quoted(resource.name)} CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci"]
    if not found.granted:
        made += [f"GRANT ALL PRIVILEGES ON {quoted(pattern(resource.name))}.* TO {user}"]
    return made


def remove(socket: str, user: str) -> None:
    """Remove a user and all databases that it may do anything in, those that a restore has put aside too, with all that
    is in them. Raises ApplyFailed."""
    try:
        with Client(socket) as client:
            granted = {row[0] for row in client.ask(OF_USER.format(user=literal(user)))}
            there = [text(row[0]) for row in client.ask("SELECT HEX(schema_name) FROM information_schema.schemata")]
            doomed = [name for name in there if pattern(name).encode().hex().upper() in granted]
            client.ask(*(f"DROP DATABASE {quoted(name)}" for name in doomed))
            client.ask(f"DROP USER IF EXISTS {quoted(user)}@localhost")
    except CommandFailed as error:
        raise ApplyFailed(f"the database of {user} could not be removed: {error.fact}", place=user) from error
