"""An app's database on the host's PostgreSQL: its role with its password, the database, who may connect.

Two things keep apps apart: nobody but a database's owner may connect to it, and a line of pg_hba.conf lets a role in
only by its password, and not into the databases that the server brings. A role and a database that were made stay when
a deployment is taken back: they are empty, and the next one takes them up.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from seawall.agent import files
from seawall.agent.data import fence, psql, scram
from seawall.agent.data.psql import name, text
from seawall.agent.data.wanted import PostgresqlDatabase
from seawall.agent.errors import ApplyFailed, CommandFailed
from seawall.agent.resources import texts
from seawall.agent.resources.data_server import taken
from seawall.agent.resources.work import Work
from seawall.agent.vocabulary import Change

#: Who the role is, and what it is checked by; whose the database is, and whether PUBLIC has any right to it.
ROLE = (
    "SELECT 'role', rolcanlogin, rolsuper OR rolcreaterole OR rolcreatedb OR rolreplication OR rolbypassrls,"
    " coalesce(rolpassword, '') FROM pg_authid WHERE rolname = {user}"
)
DATABASE = (
    "SELECT 'database', pg_get_userbyid(datdba),"
    " EXISTS (SELECT FROM aclexplode(coalesce(datacl, acldefault('d', datdba))) WHERE grantee = 0)"
    " FROM pg_database WHERE datname = {name}"
)
#: In UTF-8 whatever the host's locale, and sorted by code points: an order that no later version of the C library
#: changes under an index (PostgreSQL's documentation, 24.2.2.3).
CREATE = (
    "CREATE DATABASE {name} OWNER {user} TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C.UTF-8' LC_CTYPE 'C.UTF-8'"
)

#: The old ones too that a restore has put aside. The next statement is not on the same line: psql's own command takes
#: the rest of it (psql(1), \\gexec).
DROP = (
    "SELECT format('DROP DATABASE %I WITH (FORCE)', datname) FROM pg_database"
    " WHERE pg_get_userbyid(datdba) = {user} \\gexec"
)

#: A line of :func:`rules`, or of who may come from other hosts (`postgresql_door`), whoever it is for.
_RULE = re.compile(
    r"""#.* Written by seawall\."""
    r"""|local ("postgres","template1"|all) "[^"]+" (reject|scram-sha-256)"""
    r"""|hostssl \S+ "[^"]+" \S+ scram-sha-256|host \S+ "[^"]+" all reject"""
)
CHANGED = "changed: until the switch the release before can open no new connections"


@dataclass(frozen=True)
class DatabaseFound:
    """``verifier`` is what the role's password is checked by, ``kept`` whether that is the wanted one's; ``hba`` the
    text of pg_hba.conf."""

    runs: bool = False
    role: bool = False
    login: bool = False
    verifier: str = ""
    kept: bool = False
    database: bool = False
    public: bool = False
    hba: str = ""


def hba_path(version: str) -> Path:
    return Path(f"/etc/postgresql/{version}/main/pg_hba.conf")


def rules(user: str) -> str:
    """The lines of an app's role in pg_hba.conf (PostgreSQL's documentation, 21.1). The first that fits decides, so
    they are the file's first ones. Quoted names are never keywords."""
    return (
        f"# {user}: by its password, and not where it has no business. Written by seawall.\n"
        f'local "postgres","template1" "{user}" reject\n'
        f'local all "{user}" scram-sha-256\n'
    )


def observe(resource: PostgresqlDatabase) -> DatabaseFound:
    """What there is. Raises ApplyFailed where the name belongs to somebody else, or another host's server took the
    place of this one."""
    fence.must_not_be(resource.version)
    hba = files.read_text(str(hba_path(resource.version))) or ""
    if not psql.runs(resource.version):
        return DatabaseFound(hba=hba)
    wanted = {"user": text(resource.user), "name": text(resource.name)}
    rows = {row[0]: row[1:] for row in psql.ask(f"{ROLE};{DATABASE};".format(**wanted))}
    login, powerful, verifier = rows.get("role", ["f", "f", ""])
    owner, public = rows.get("database", ["", "f"])
    if powerful == "t":
        raise taken(f"the role {resource.user} is on this host's PostgreSQL already, with more rights than an app's")
    if owner not in ("", resource.user):
        raise taken(f"the database {resource.name} is on this host's PostgreSQL already, and belongs to {owner}")
    kept = scram.fits(resource.password, verifier)
    return DatabaseFound(True, "role" in rows, login == "t", verifier, kept, bool(owner), public == "t", hba)


def diff(resource: PostgresqlDatabase, found: DatabaseFound) -> Change | None:
    """What must change, or None; no password is shown, nor what it is checked by."""
    lines = [] if found.role else [f"role {resource.user}, which may log in and nothing else"]
    if not found.kept:
        lines.append(f"password of {resource.user} (secret) {CHANGED if found.role else 'set'}")
    lines += [f"role {resource.user} may log in"] if found.role and not found.login else []
    lines += [] if found.database else [f"database {resource.name}, owned by {resource.user}, in UTF-8"]
    lines += ["nobody else may connect to it"] if found.public or not found.database else []
    if not _lets_in(found.hba, resource.user):
        lines += [f"{hba_path(resource.version)}:", *(f"+{line}" for line in rules(resource.user).splitlines())]
    if not lines:
        return None
    stamp = (found.runs, found.role, found.login, found.kept, found.database, found.public, found.hba)
    action = "update" if found.database else "create"
    return Change("database", resource.name, action, "\n".join(lines), texts.digest(*stamp))


def apply(resource: PostgresqlDatabase, found: DatabaseFound, work: Work) -> None:
    """Make it so. Raises ApplyFailed with the server's own words."""
    if not _lets_in(found.hba, resource.user):
        _let_in(resource, work)
    if found.role and not found.kept:
        work.undo.keep_state("postgresql_database", resource.user, found.verifier)
    try:
        psql.ask("\n".join(_statements(resource, found)))
    except CommandFailed as error:
        raise ApplyFailed(
            f"the database {resource.name} could not be set up", place=resource.name, output=error.output
        ) from error


def _lets_in(hba: str, user: str) -> bool:
    """Whether the role's lines are there, and before them none but those of other apps."""
    before, lines, _ = hba.partition(rules(user))
    return bool(lines) and all(is_rule(line) for line in before.splitlines())


def is_rule(line: str) -> bool:
    """Whether a line of pg_hba.conf is seawall's, about any app's role."""
    return _RULE.fullmatch(line) is not None


def _let_in(resource: PostgresqlDatabase, work: Work) -> None:
    """Put the app's lines first, and take older ones of it away."""
    path = hba_path(resource.version)
    was = files.look(str(path))
    others = _without(was.content.decode("utf-8", "surrogateescape"), resource.user)
    text_after = (rules(resource.user) + others).encode("utf-8", "surrogateescape")
    work.undo.write_file(str(path), text_after, was.mode, was.uid, was.gid)
    psql.check_files()


def _without(hba: str, user: str) -> str:
    """The file without the lines of a role of seawall's."""
    ours = rules(user).splitlines(keepends=True)
    return "".join(line for line in hba.splitlines(keepends=True) if line not in ours)


def _statements(resource: PostgresqlDatabase, found: DatabaseFound) -> list[str]:
    user, database = name(resource.user), name(resource.name)
    made = [] if found.role else [f"CREATE ROLE {user};"]
    if not (found.role and found.login and found.kept):
        # Not in a log of statements either, though it is no password.
        made += ["SET log_statement = 'none';", "SET log_min_duration_statement = -1;"]
        made += [f"ALTER ROLE {user} LOGIN PASSWORD {text(scram.verifier(resource.password))};"]
    if not found.database:
        made += [CREATE.format(name=database, user=user) + ";"]
    if found.public or not found.database:
        made += [f"REVOKE ALL ON DATABASE {database} FROM PUBLIC;"]
    return [*made, "SELECT FROM pg_reload_conf();"]


def put_back(user: str, verifier: str) -> None:
    """Have the role's password checked by what it was checked by before. Raises CommandFailed."""
    psql.ask(f"SET log_statement = 'none'; ALTER ROLE {name(user)} PASSWORD {text(verifier)};")


def remove(user: str) -> None:
    """Remove a role, its databases with all that is in them, and its lines of pg_hba.conf. Raises ApplyFailed."""
    try:
        psql.ask(f"{DROP.format(user=text(user))}\nDROP ROLE IF EXISTS {name(user)};")
    except CommandFailed as error:
        raise ApplyFailed(f"the database of {user} could not be removed", place=user, output=error.output) from error
    for path in Path("/etc/postgresql").glob("*/main/pg_hba.conf"):
        was = files.look(str(path))
        without = _without(was.content.decode("utf-8", "surrogateescape"), user).encode("utf-8", "surrogateescape")
        if without != was.content:
            files.write_atomic(str(path), without, was.mode, was.uid, was.gid)
