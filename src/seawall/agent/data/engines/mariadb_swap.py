"""Putting one MariaDB database in the place of another, by one RENAME TABLE of all their tables.

MariaDB cannot rename a database. Tables move between databases in one statement, all or none; what hangs on them does
not: a table with a trigger cannot be moved, a view belongs to where it was made. So these are written down first, taken
off, and put on again where their tables are then.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from seawall.agent import process
from seawall.agent.data.engines.mariadb_client import Client, argv, complaint, literal, quoted
from seawall.agent.data.engines.mariadb_figures import text
from seawall.agent.errors import CommandFailed, NeedsPerson

#: Seconds that the tables are waited for where somebody is at work in them.
LOCK = 30
#: What no rename takes along, by the view of information_schema that lists it, and how it is taken off.
TAKEN_OFF = {
    "triggers": ("trigger_schema", "'TRIGGER', trigger_name"),
    "views": ("table_schema", "'VIEW', table_name"),
    "routines": ("routine_schema", "routine_type, routine_name"),
    "events": ("event_schema", "'EVENT', event_name"),
}


@dataclass(frozen=True)
class Hanging:
    """What hangs on a database's tables: the statements that make it, and those that take it off."""

    database: str
    makes: str
    takes_off: tuple[str, ...]


def swap(connect: Callable[[], Client], socket: str, name: str, by: str, aside: str) -> None:
    """Move all of ``name`` to ``aside`` ("" where there is nothing to move) and all of ``by`` to ``name``.

    Raises CommandFailed with everything where it was; NeedsPerson where it cannot be put back.
    """
    with connect() as client:
        client.ask(f"SET SESSION lock_wait_timeout = {LOCK}")
        hanging = [_hanging(client, socket, one) for one in (name, by)]
        moves = [*(_moves(client, name, aside) if aside else []), *_moves(client, by, name)]
    try:
        with connect() as client:
            client.ask(f"SET SESSION lock_wait_timeout = {LOCK}")
            client.ask(*(statement for one in hanging for statement in one.takes_off))
            if moves:
                client.ask(f"RENAME TABLE {', '.join(moves)}", timeout=2 * LOCK)
    except CommandFailed:
        _put_back(connect, socket, hanging)
        raise
    if aside:
        _run(socket, aside, hanging[0].makes)
    _run(socket, name, hanging[1].makes)


def _hanging(client: Client, socket: str, database: str) -> Hanging:
    found = [row for view in TAKEN_OFF for row in client.ask(_listed(view, database))]
    takes_off = tuple(f"DROP {kind} IF EXISTS {quoted(database)}.{quoted(text(name))}" for kind, name in found)
    views = [text(name) for kind, name in found if kind == "VIEW"]
    programs = ("--no-data", "--no-create-info", "--triggers", "--routines", "--events")
    makes = _dumped(socket, *programs, database) if len(found) > len(views) else ""
    makes += _dumped(socket, "--no-data", "--skip-triggers", database, *views) if views else ""
    return Hanging(database, makes, takes_off)


def _listed(view: str, database: str) -> str:
    schema, names = TAKEN_OFF[view]
    kind, name = names.split(", ")
    return f"SELECT {kind}, HEX({name}) FROM information_schema.{view} WHERE {schema} = {literal(database)}"


def _moves(client: Client, source: str, target: str) -> list[str]:
    rows = client.ask(
        f"SELECT HEX(table_name) FROM information_schema.tables WHERE table_schema = {literal(source)}"
        " AND table_type <> 'VIEW' ORDER BY table_name"
    )
    names = [quoted(text(digits)) for (digits,) in rows]
    return [f"{quoted(source)}.{name} TO {quoted(target)}.{name}" for name in names]


def _put_back(connect: Callable[[], Client], socket: str, hanging: list[Hanging]) -> None:
    """What was taken off is made again; what had not been taken off yet goes first, or it would be there twice."""
    try:
        for one in hanging:
            with connect() as client:
                client.ask(*one.takes_off)
            _run(socket, one.database, one.makes)
    except CommandFailed as error:
        raise NeedsPerson(
            f"the tables are where they were, but a trigger, view or routine could not be put back: {error.fact}",
            place=hanging[0].database,
            remedy="make them again on the host, for example by `seawall restore`",
        ) from error


def _dumped(socket: str, *options: str) -> str:
    return _told(argv("mariadb-dump", socket, "--skip-comments", "--single-transaction", *options), "")


def _run(socket: str, database: str, statements: str) -> None:
    _told(argv("mariadb", socket, "--batch", "--binary-mode", f"--database={database}"), statements)


def _told(command: list[str], statements: str) -> str:
    done = process.run(command, input=statements, timeout=10 * LOCK)
    if done.returncode != 0:
        raise CommandFailed(
            f"{command[0]}: {complaint(done.stderr) or process.ending(done.returncode)}", place=command[-1]
        )
    return done.stdout
