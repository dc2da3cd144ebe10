"""MariaDB: dumps by mariadb-dump, whose snapshot the figures share; loads by the client; swaps by RENAME TABLE."""

from __future__ import annotations

import contextlib
import itertools
import re
import select
import subprocess
from types import TracebackType
from typing import IO
from urllib.parse import quote, urlsplit

from seawall.agent import process
from seawall.agent.data.engines import mariadb_figures, mariadb_swap, naming
from seawall.agent.data.engines.mariadb_client import (
    FIGURES_PATIENCE,
    PACKET,
    Client,
    argv,
    complaint,
    literal,
    pattern,
    quoted,
    socket_of,
)
from seawall.agent.data.engines.pace import Pace
from seawall.agent.data.figures import Figures
from seawall.agent.data.running import Running
from seawall.agent.data.vocabulary import Database
from seawall.agent.errors import BadRequest, CommandFailed, DumpFailed, LoadFailed

#: Seconds that commits of apps are waited for, and held back, at most; it takes some hundredths of one.
LOCK = 5
#: Bytes that are passed on at once.
PIECE = 1 << 20
#: How a dump ends that is whole (mariadb-dump(1), --comments).
LAST_LINE = b"-- Dump completed"
#: No snapshot but that of a transaction; everything that belongs to a database; bytes that no character set changes.
OPTIONS = (
    *("--single-transaction", "--quick", "--routines", "--triggers", "--events", "--hex-blob"),
    *("--no-tablespaces", "--skip-dump-date", PACKET),
)
#: Not that of a database itself, which a dump may be loaded into under another name.
LOAD_OPTIONS = ("--batch", "--binary-mode", PACKET)


class MariadbEngine:
    """The app's database and others on the same server, with root's rights over the socket."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def version(self) -> str:
        with self.client() as client:
            return client.ask("SELECT VERSION()")[0][0].split("-")[0]

    def refusal(self, version: str) -> str:
        """A newer server's dump may hold what an older one does not understand."""
        own = self.version()
        if _series(version) <= _series(own):
            return ""
        return f"the dump is of MariaDB {version}, and the server here is {own}, which is older"

    def dump(self, pace: Pace | None = None) -> MariadbDump:
        return MariadbDump(self, self._database.name, pace)

    def load(self, stream: IO[bytes], into: str) -> None:
        self._not_live(into)
        command = argv("mariadb", self._socket(), *LOAD_OPTIONS, f"--database={into}")
        with Running(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL) as loading:
            last = _pass_on(stream, loading.stdin)
            code = loading.ended()
            if code != 0:
                raise LoadFailed(f"MariaDB did not take the dump: {_reason('mariadb', loading, code)}", place=into)
        if LAST_LINE not in last:
            raise LoadFailed("the dump ends before its end: its last line is missing", place=into)

    def create(self, name: str) -> None:
        with self.client() as client:
            alike = client.ask(
                "SELECT default_character_set_name, default_collation_name FROM information_schema.schemata"
                f" WHERE schema_name = {literal(self._database.name)}"
            )
            characters, collation = alike[0] if alike else ("utf8mb4", "utf8mb4_general_ci")
            client.ask(
                f"CREATE DATABASE {quoted(name)} CHARACTER SET {characters} COLLATE {collation}",
                f"GRANT ALL PRIVILEGES ON {quoted(pattern(name))}.* TO {self._role()}",
            )
            if name != self._database.name:
                # The server runs an event only while its definer has this right (its documentation, EVENT Privilege):
                # those of a copy would change it, and what they name outright would be done twice to the live database.
                client.ask(f"REVOKE EVENT ON {quoted(pattern(name))}.* FROM {self._role()}")

    def drop(self, name: str) -> None:
        self._not_live(name)
        with self.client() as client:
            for (number,) in client.ask(
                f"SELECT id FROM information_schema.processlist WHERE db = {literal(name)} AND id <> CONNECTION_ID()"
            ):
                with contextlib.suppress(CommandFailed), self.client() as killer:  # it may have gone by itself
                    killer.ask(f"KILL {int(number)}")
            client.ask(f"DROP DATABASE IF EXISTS {quoted(name)}")
            user = literal(self._database.user)
            granted = f"SELECT 1 FROM mysql.db WHERE db = {literal(pattern(name))} AND user = {user}"
            if client.ask(granted):
                client.ask(f"REVOKE ALL PRIVILEGES ON {quoted(pattern(name))}.* FROM {self._role()}")

    def exists(self, name: str) -> bool:
        return bool(self._asked(f"SELECT 1 FROM information_schema.schemata WHERE schema_name = {literal(name)}"))

    def is_empty(self, name: str) -> bool:
        with self.client() as client:
            return mariadb_figures.definitions(client, name).rows == 0

    def names(self, prefix: str) -> list[str]:
        rows = self._asked("SELECT HEX(schema_name) FROM information_schema.schemata")
        return sorted(name for (digits,) in rows if (name := mariadb_figures.text(digits)).startswith(prefix))

    def sizes(self) -> dict[str, int]:
        user = literal(self._database.user)
        with self.client() as client:
            granted = client.ask(f"SELECT HEX(db) FROM mysql.db WHERE user = {user} AND host = 'localhost'")
            sizes = client.ask(
                "SELECT HEX(schema_name), COALESCE(SUM(data_length + index_length), 0) FROM information_schema.schemata"
                " LEFT JOIN information_schema.tables ON table_schema = schema_name GROUP BY schema_name"
            )
        patterns = {mariadb_figures.text(digits) for (digits,) in granted}
        named = {mariadb_figures.text(digits): int(size) for digits, size in sizes}
        return {name: size for name, size in named.items() if pattern(name) in patterns}

    def replace(self, name: str, by: str) -> str:
        aside = naming.before(name, self.names("")) if self.exists(name) else ""
        self.create(aside or name)
        try:
            mariadb_swap.swap(self.client, self._socket(), name, by, aside)
        except CommandFailed as error:
            if aside:
                self.drop(aside)
            raise LoadFailed(
                f"the restored database could not take the place of the live one: {error.fact}",
                place=name,
                state="the live database is as it was",
            ) from error
        self.drop(by)
        return aside

    def figures(self, name: str) -> Figures:
        with self.client() as client:
            return mariadb_figures.figures(client, name)

    def damage(self, name: str) -> list[str]:
        """What the server's CHECK TABLE says that is not well."""
        with self.client() as client:
            tables = client.ask(
                f"SELECT HEX(table_name) FROM information_schema.tables WHERE table_schema = {literal(name)}"
                " AND table_type = 'BASE TABLE'"
            )
            found = []
            for (digits,) in tables:
                table = mariadb_figures.text(digits)
                rows = client.ask(f"CHECK TABLE {quoted(name)}.{quoted(table)}", timeout=FIGURES_PATIENCE)
                found += [f"{table}: {row[3]}" for row in rows if row[2].lower() in ("error", "warning")]
            return found

    def copy_table(self, table: str, source: str, into: str) -> str:
        try:
            with self.client() as client:
                return _copy_table(client, table, source, into)
        except CommandFailed as error:
            raise LoadFailed(f"the table {table} could not be copied: {error.fact}", place=into) from error

    def url(self, name: str, live: str) -> str:
        return urlsplit(live)._replace(path=f"/{quote(name, safe='')}").geturl()

    def client(self) -> Client:
        """A connection. Raises CommandFailed where the server does not run."""
        return Client(self._socket())

    def start_dump(self, name: str) -> Running:
        """mariadb-dump, on its way. Raises CommandFailed."""
        return Running(argv("mariadb-dump", self._socket(), *OPTIONS, name))

    def _not_live(self, name: str) -> None:
        """A guard: what is only for scratch databases never reaches the app's own. Raises BadRequest."""
        if name == self._database.name:
            raise BadRequest(f"{name} is the app's own database", state="it was left alone")

    def _socket(self) -> str:
        return socket_of(self._database.socket)

    def _asked(self, statement: str) -> list[list[str]]:
        with self.client() as client:
            return client.ask(statement)

    def _role(self) -> str:
        return f"{quoted(self._database.user)}@localhost"


class MariadbDump:
    """mariadb-dump at work, and beside it a transaction that sees what it sees.

    Both begin while no transaction of the host can commit (BACKUP STAGE BLOCK_COMMIT: reading goes on, and a commit
    waits). mariadb-dump begins its own before it has written more than a heading, so its first full buffer, or its end,
    says that it has; then commits go on.
    """

    def __init__(self, made_by: MariadbEngine, name: str, pace: Pace | None) -> None:
        self._engine = made_by
        self._name = name
        self._pace = pace
        self._held = contextlib.ExitStack()
        self.stream: IO[bytes]
        self.version = ""

    def __enter__(self) -> MariadbDump:
        try:
            with self._held:
                self._reader = self._held.enter_context(self._engine.client())
                self.version = self._reader.ask("SELECT VERSION()")[0][0].split("-")[0]
                with self._engine.client() as lock:
                    self._begin(lock)
                self._held = self._held.pop_all()
        except CommandFailed as error:
            raise DumpFailed(f"the dump could not begin: {error.fact}", place=self._name) from error
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._held.close()

    def figures(self) -> Figures:
        try:
            return mariadb_figures.figures(self._reader, self._name, self._pace)
        except CommandFailed as error:
            raise DumpFailed(f"the figures of the dump could not be taken: {error.fact}", place=self._name) from error

    def finish(self) -> None:
        code = self._program.ended()
        if code != 0:
            raise DumpFailed(f"the dump is not whole: {_reason('mariadb-dump', self._program, code)}", place=self._name)

    def _begin(self, lock: Client) -> None:
        lock.ask(f"SET SESSION lock_wait_timeout = {LOCK}", "BACKUP STAGE START", "BACKUP STAGE BLOCK_COMMIT")
        self._reader.ask("START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY")
        self._program = self._held.enter_context(self._engine.start_dump(self._name))
        self.stream = self._program.stdout
        if not select.select([self.stream], [], [], LOCK)[0]:
            raise CommandFailed(f"mariadb-dump has not begun within {LOCK} seconds")
        lock.ask("BACKUP STAGE END")


def _reason(name: str, program: Running, code: int | None) -> str:
    """Why a program failed: in its own words, if it had any."""
    ended = "it does not end" if code is None else process.ending(code)
    return complaint(program.said()) or f"{name} {ended}"


def _pass_on(stream: IO[bytes], to: IO[bytes]) -> bytes:
    """The last bytes of what was passed on: as much as the program wanted."""
    last = b""
    with contextlib.suppress(BrokenPipeError):
        while piece := stream.read(PIECE):
            view = memoryview(piece)
            while view:
                view = view[to.write(view) :]
            last = (last + piece)[-100:]
        to.close()
    return last


def _copy_table(client: Client, table: str, source: str, into: str) -> str:
    taken = {row[0] for row in client.ask(_names_like(f"{table}_restored", into))}
    names = itertools.chain([f"{table}_restored"], (f"{table}_restored_{number}" for number in itertools.count(2)))
    name = next(one for one in names if one.encode().hex().upper() not in taken)
    stored = client.ask(
        f"SELECT HEX(column_name) FROM information_schema.columns WHERE table_schema = {literal(source)}"
        f" AND table_name = {literal(table)} AND is_generated = 'NEVER' ORDER BY ordinal_position"
    )
    columns = ", ".join(quoted(mariadb_figures.text(digits)) for (digits,) in stored)
    there, new = f"{quoted(source)}.{quoted(table)}", f"{quoted(into)}.{quoted(name)}"
    copy = f"INSERT INTO {new} ({columns}) SELECT {columns} FROM {there}"
    client.ask(f"CREATE TABLE {new} LIKE {there}")
    client.ask("SET SESSION sql_mode = 'NO_AUTO_VALUE_ON_ZERO'", copy, timeout=FIGURES_PATIENCE)
    return name


def _names_like(prefix: str, database: str) -> str:
    return (
        f"SELECT HEX(table_name) FROM information_schema.tables WHERE table_schema = {literal(database)}"
        f" AND LEFT(table_name, {len(prefix)}) = {literal(prefix)}"
    )


def _series(version: str) -> tuple[int, ...]:
    """The part of a version that says what it understands: ``10.11.19`` is of 10.11."""
    return tuple(int(number) for number in re.findall(r"\d+", version)[:2])
