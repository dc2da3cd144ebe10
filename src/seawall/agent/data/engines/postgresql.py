"""PostgreSQL, by its own programs and as the user that owns the server, over its unix socket.

Scratch databases belong to the app's role, and what is loaded into them does too (pg_restore's ``--no-owner``).
Rights that were granted to other roles are not restored: those roles may not be there.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import IO
from urllib.parse import quote, urlsplit

from seawall.agent import process
from seawall.agent.data.engines import naming
from seawall.agent.data.engines import postgresql_sql as sql
from seawall.agent.data.engines.pace import Pace
from seawall.agent.data.engines.postgresql_session import PointSession, Session
from seawall.agent.data.figures import Figures
from seawall.agent.data.running import Running
from seawall.agent.data.vocabulary import Database
from seawall.agent.envfile import parse_environment_file
from seawall.agent.errors import BadRequest, CommandFailed, DumpFailed, LoadFailed

#: The user that Debian's server runs as; the server knows it by its own rights (``peer``), without a password.
ADMIN = "postgres"
#: The name of the role's password in its file.
PASSWORD = "DATABASE_PASSWORD"  # noqa: S105
#: Where connections go that concern databases and not what is in them.
MAINTENANCE = "postgres"
#: Bounds, seconds: of what only looks, and of what reads or writes a whole database.
QUICK, LONG = 120, 12 * 3600
#: How often connections are ended that a rename waits for, ten times a second. The server itself gives up after 5 s
#: (its ``CountOtherDBBackends``).
TRIES = 300
#: pg_amcheck's exit code for a database with damage.
DAMAGED = 2
#: In the custom format, and not compressed: the repository does that, and finds equal parts of two dumps then.
DUMP = ("pg_dump", "--format=custom", "--compress=0")


class PostgreSQL:
    """The server that an app's database is on; names are those of its databases."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._env = {"PGUSER": ADMIN, "PGCONNECT_TIMEOUT": "10", "PGCLIENTENCODING": "UTF8"}
        if database.socket:
            self._env["PGHOST"] = database.socket

    def version(self) -> str:
        return self._ask(MAINTENANCE, "SHOW server_version")[0].split()[0]

    def size(self, name: str) -> int:
        """The bytes that a database takes on the disk."""
        return int(self._ask(name, "SELECT pg_database_size(current_database())")[0])

    def reached(self) -> str:
        """When the last change was made that this server has replayed: UTC, RFC 3339, "" if it has replayed none."""
        return self._ask(MAINTENANCE, sql.REPLAYED)[0]

    def refusal(self, version: str) -> str:
        ours = self.version()
        if _major(version) <= _major(ours):
            return ""
        return (
            f"the backup is one of PostgreSQL {version}, and the server here is {ours}: "
            "PostgreSQL loads dumps of its own major version and of older ones only"
        )

    def dump(self, pace: Pace | None = None) -> PostgreSQLDump:
        version = self.version()
        session = Session(self._psql(self._database.name), self._env, ADMIN, pace)
        argv = [*DUMP, f"--snapshot={session.snapshot}", "--dbname", self._database.name]
        try:
            return PostgreSQLDump(session, Running(argv, user=ADMIN, env=self._env), version)
        except BaseException:
            session.close()
            raise

    def load(self, stream: IO[bytes], into: str) -> None:
        self._not_live(into)
        self._pg_restore(stream, into)
        self._ask(into, "ANALYZE", timeout=LONG)

    def create(self, name: str) -> None:
        live = self._database.name if self.exists(self._database.name) else MAINTENANCE
        self._tell(MAINTENANCE, sql.create(name, live, self._database.user))
        if live != MAINTENANCE:
            extensions = "".join(self._ask(live, sql.extensions(self._database.user)))
            self._tell(name, extensions)

    def drop(self, name: str) -> None:
        self._not_live(name)
        self._tell(MAINTENANCE, f"DROP DATABASE IF EXISTS {sql.name(name)} WITH (FORCE)")

    def exists(self, name: str) -> bool:
        return name in self.names(name)

    def is_empty(self, name: str) -> bool:
        return not self.exists(name) or self._ask(name, sql.HOLDS_ANYTHING) == ["f"]

    def names(self, prefix: str) -> list[str]:
        found = self._ask(MAINTENANCE, "SELECT datname FROM pg_database ORDER BY datname")
        return [name for name in found if name.startswith(prefix)]

    def sizes(self) -> dict[str, int]:
        rows = (line.split("\t") for line in self._ask(MAINTENANCE, sql.sizes(self._database.user)))
        return {name: int(size) for name, size in rows}

    def replace(self, name: str, by: str) -> str:
        old = naming.before(name, self.names("")) if self.exists(name) else ""
        renames = [(name, old), (by, name)] if old else [(by, name)]
        self._rename(renames)
        return old

    def figures(self, name: str) -> Figures:
        with Session(self._psql(name), self._env, ADMIN) as session:
            return session.figures()

    def at_a_point(self, name: str, point: str) -> PointSession:
        """A session that sees the database as it is at a point of the server's log."""
        return PointSession(self._psql(name), self._env, ADMIN, point)

    def made_since(self, seen: str) -> int:
        """How many transactions are here that a session with this view of the server did not see."""
        return int(self._ask(MAINTENANCE, sql.since(seen))[0])

    def damage(self, name: str) -> list[str]:
        """By pg_amcheck, where it is installed: exit code 2 says that something is damaged (its manual page)."""
        program = f"/usr/lib/postgresql/{_major(self.version())}/bin/pg_amcheck"
        if not Path(program).exists():
            return []
        done = process.run([program, "--install-missing", "--database", name], timeout=LONG, user=ADMIN, env=self._env)
        if done.returncode == 0:
            return []
        if done.returncode == DAMAGED:
            return [line.strip() for line in done.stdout.splitlines() if line.strip()]
        raise CommandFailed("pg_amcheck could not look at the database", place=name, output=process.tail(done.output))

    def copy_table(self, table: str, source: str, into: str) -> str:
        schema, name = self._table(table, source)
        copy = self._free(schema, f"{name}_restored", (source, into))
        self._tell(source, f"CREATE TABLE {sql.name(schema, copy)} AS TABLE {sql.name(schema, name)}")
        argv = [*DUMP, "--table", sql.name(schema, copy), "--dbname", source]
        with Running(argv, user=ADMIN, env=self._env) as dump:
            self._pg_restore(dump.stdout, into)
        return f"{schema}.{copy}"

    def url(self, name: str, live: str) -> str:
        return urlsplit(live)._replace(path=f"/{quote(name, safe='')}").geturl()

    def _not_live(self, name: str) -> None:
        """A guard: what is only for scratch databases never reaches the app's own. Raises BadRequest."""
        if name == self._database.name:
            raise BadRequest(f"{name} is the app's own database", state="it was left alone")

    def _table(self, table: str, database: str) -> tuple[str, str]:
        """The schema and the name of what a person called ``table``. Raises LoadFailed unless there is just one."""
        known = [tuple(line.split("\t")) for line in self._ask(database, sql.TABLES)]
        found = [(schema, name) for schema, name in known if table in (name, f"{schema}.{name}")]
        if len(found) == 1:
            return found[0]
        there = ", ".join(f"{schema}.{name}" for schema, name in found or known) or "none"
        raise LoadFailed(
            f"{table} is {'more than one table' if found else 'no table'} of the backup",
            state="nothing was changed",
            remedy=f"name one of these: {there}",
        )

    def _free(self, schema: str, name: str, databases: Iterable[str]) -> str:
        """A name that no table or the like of the schema has, in none of the databases."""
        taken = {line for database in databases for line in self._ask(database, sql.RELATIONS)}
        return next(free for free in naming.numbered(name) if f"{schema}\t{free}" not in taken)

    def _rename(self, renames: list[tuple[str, str]]) -> None:
        """In one transaction, whose lock keeps new connections out; those that are there are ended meanwhile."""
        script = "".join(f"ALTER DATABASE {sql.name(old)} RENAME TO {sql.name(new)};\n" for old, new in renames)
        ending = sql.end_connections([old for old, _ in renames])
        argv = [*self._psql(MAINTENANCE), "--single-transaction", "--command", script]
        with Running(argv, user=ADMIN, env=self._env) as renaming:
            for _ in range(TRIES):
                self._ask(MAINTENANCE, ending)
                if renaming.ended(0.1) is not None:
                    break
            if renaming.process.returncode != 0:
                raise LoadFailed(
                    "the restored database could not take the place of the live one",
                    place=renames[0][0],
                    state="the live database is as it was",
                    output=renaming.said(),
                )

    def _as_the_app(self) -> tuple[list[str], dict[str, str]]:
        """The option and the environment by which a dump is loaded as the app's role.

        What is loaded may run the app's functions (in CHECK, in generated columns). Somebody who has broken into the
        app could write one that gives up SET ROLE, which a superuser's session always may (PostgreSQL's documentation,
        SET ROLE), and wait for the next drill. So the role logs in itself. Where its password is not at hand, SET ROLE
        is all there is.
        """
        try:
            known = parse_environment_file(Path(self._database.env_file).read_text())
        except OSError:
            return [f"--role={self._database.user}"], self._env
        return [], {**self._env, "PGUSER": self._database.user, "PGPASSWORD": known[PASSWORD]}

    def _pg_restore(self, stream: IO[bytes], into: str) -> None:
        role, env = self._as_the_app()
        argv = ["pg_restore", "--exit-on-error", "--no-owner", "--no-privileges", *role]
        argv += ["--no-comments"] * bool(self._ask(into, sql.extensions(self._database.user)))
        # A crash may lose what was committed last; what is loaded then is made anew.
        env = {**env, "PGOPTIONS": "-c synchronous_commit=off -c statement_timeout=0"}
        with Running([*argv, "--dbname", into], user=ADMIN, env=env, stdin=stream) as loading:
            if loading.ended(LONG) != 0:
                raise LoadFailed(
                    f"pg_restore {_ending(loading.process.returncode)}",
                    place=into,
                    state="the live database is as it was",
                    output=loading.said(),
                )

    def _psql(self, database: str) -> list[str]:
        return ["psql", "--no-psqlrc", "--quiet", "--no-align", "--tuples-only", "--field-separator=\t",
                "--set=ON_ERROR_STOP=1", "--dbname", database]  # fmt: skip

    def _ask(self, database: str, query: str, timeout: float = QUICK) -> list[str]:
        """The lines of the answer. Raises CommandFailed."""
        done = process.check(self._psql(database), input=query, timeout=timeout, user=ADMIN, env=self._env)
        return done.stdout.splitlines()

    def _tell(self, database: str, script: str) -> None:
        self._ask(database, script, LONG)


class PostgreSQLDump:
    """pg_dump, and beside it the session whose snapshot it dumps."""

    def __init__(self, session: Session, dumping: Running, version: str) -> None:
        self._session = session
        self._dumping = dumping
        self.stream = dumping.stdout
        self.version = version

    def __enter__(self) -> PostgreSQLDump:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._dumping.__exit__(kind, error, trace)
        self._session.close()

    def figures(self) -> Figures:
        return self._session.figures()

    def finish(self) -> None:
        if self._dumping.ended() != 0:
            raise DumpFailed(
                f"pg_dump {_ending(self._dumping.process.returncode)}",
                state="what it had written is no backup",
                output=self._dumping.said(),
            )


def _major(version: str) -> int:
    return int(version.partition(".")[0])


def _ending(code: int | None) -> str:
    return "did not end in time" if code is None else process.ending(code)
