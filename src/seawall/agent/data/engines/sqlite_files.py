"""What is done to SQLite files with the rights of the app that owns them."""

from __future__ import annotations

import hashlib
import itertools
import os
import re
import shutil
import sqlite3
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import IO, Any

from seawall.agent.data.figures import TableFigures, figures_to_wire

#: Seconds that a lock of the app's is waited for, and that a copy may come no further.
PATIENCE = 60.0
#: Files that SQLite puts beside a database (https://www.sqlite.org/tempfiles.html).
BESIDE = ("-wal", "-shm", "-journal")
#: How every file begins that is not empty (https://www.sqlite.org/fileformat2.html#magic_header_string).
MAGIC = b"SQLite format 3\0"
#: What may lie where a database should be: nothing, a database without and with a log, something else.
NONE, PLAIN, LOGGED, OTHER = "none", "plain", "logged", "other"
OnFile = Callable[[Path], Any]
#: What the name of a dump's copy begins with, after the dot that hides it.
COPY = "seawall-dump-"
#: Bits of a table's checksum: that of a row is half of it, so that their sum never comes round.
MODULUS = 1 << 128
#: The tables' and views' definitions, as if they were rows of a table.
DEFINITIONS = "(definitions)"
#: How the text of a table's definition begins, whatever was typed (https://www.sqlite.org/schematab.html).
CREATE = re.compile(r"""CREATE TABLE\s*("(?:[^"]|"")*"|`(?:[^`]|``)*`|\[[^\]]*\]|'(?:[^']|'')*'|[^\s("'`\[]+)""")


def explained(work: Callable[..., Any], *args: Any) -> Any:
    """SQLite's refusals in words that say what to do about them."""
    try:
        return work(*args)
    except sqlite3.OperationalError as error:
        if "locked" in str(error):
            raise TimeoutError(f"another program has kept the database locked for {PATIENCE:g} seconds") from error
        raise


def _open(path: Path) -> sqlite3.Connection:
    """A connection without transactions of Python's own, to a file that must be there."""
    connection = sqlite3.connect(f"{path.as_uri()}?mode=rw", timeout=PATIENCE, isolation_level=None, uri=True)
    connection.text_factory = lambda data: data.decode("utf-8", "surrogateescape")
    return connection


def kind(path: Path) -> str:
    """Whether a file is there, and what it is (https://www.sqlite.org/fileformat2.html#the_database_header)."""
    try:
        if not stat.S_ISREG(path.lstat().st_mode):
            return OTHER
        with path.open("rb") as file:
            head = file.read(20)
    except FileNotFoundError:
        return NONE
    if head and not head.startswith(MAGIC):
        return OTHER
    return LOGGED if head[18:] == b"\2\2" else PLAIN


def create(path: Path) -> None:
    """An empty file, with the write-ahead log."""
    path.parent.mkdir(parents=True, exist_ok=True)
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    set_log(path)


def set_log(path: Path) -> None:
    """With a write-ahead log, readers and the writer do not wait for each other; it stays with the file
    (https://www.sqlite.org/wal.html)."""
    with closing(_open(path)) as there:
        mode = there.execute("PRAGMA journal_mode=WAL").fetchone()[0]
    if mode != "wal":
        raise OSError(f"its file system allows no write-ahead log (SQLite keeps the mode {mode})")


def remove(path: Path) -> None:
    for suffix in ("", *BESIDE):
        path.with_name(path.name + suffix).unlink(missing_ok=True)


def write(path: Path, given: IO[bytes]) -> None:
    """What lies in the file is empty, and what is beside it belongs to that."""
    remove(path)
    with path.open("xb") as file:
        shutil.copyfileobj(given, file, 1 << 20)
        file.flush()
        os.fsync(file.fileno())
    set_log(path)


def is_empty(path: Path) -> bool:
    with closing(_open(path)) as there:
        return not there.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone()


def damage(path: Path) -> list[str]:
    """https://www.sqlite.org/pragma.html#pragma_integrity_check"""
    with closing(_open(path)) as there:
        try:
            found = [str(row[0]) for row in there.execute("PRAGMA integrity_check")]
        except sqlite3.DatabaseError as error:
            return [str(error)]
    return [] if found == ["ok"] else found


def copy_aside(source: Path, copy: Path) -> None:
    """One whole file: the log's content is in it, and nothing beside it. Earlier ones that were cut off go."""
    for old in copy.parent.glob(f".{COPY}*"):
        old.unlink()
    with closing(_open(source)) as there:
        os.close(os.open(copy, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
        with closing(_open(copy)) as made:
            _back_up(there, made)
            made.execute("PRAGMA journal_mode=DELETE")


def _back_up(source: sqlite3.Connection, target: sqlite3.Connection) -> None:
    """All of ``source`` in one step, so that what is written meanwhile does not make it begin again.

    Python would wait for a lock for ever: each wait comes by ``watch`` (https://www.sqlite.org/c3ref/backup_finish.html).
    """
    deadline = time.monotonic() + PATIENCE

    def watch(_status: int, _remaining: int, _total: int) -> None:
        if time.monotonic() > deadline:
            raise sqlite3.OperationalError("database is locked")

    source.backup(target, pages=-1, progress=watch)


def replace(path: Path, by: Path, aside: Path | None) -> None:
    if aside is None or _is_broken(path):
        _rename(path, by, aside)
        return
    copy_aside(path, aside)
    set_log(aside)
    with closing(_open(path)) as live, closing(_open(by)) as restored:
        # A page of another size would not fit into a file that has a log.
        size = live.execute("PRAGMA page_size").fetchone()[0]
        for statement in ("PRAGMA journal_mode=DELETE", f"PRAGMA page_size={size}", "VACUUM"):
            restored.execute(statement)
        _back_up(restored, live)
    remove(by)


def _is_broken(path: Path) -> bool:
    """Whether SQLite cannot make anything of the file, and so cannot write into it either.

    One that does not begin as it should is not even opened: SQLite would remove the log beside it.
    """
    with path.open("rb") as file:
        if file.read(len(MAGIC)) not in (MAGIC, b""):
            return True
    try:
        with closing(_open(path)) as there:
            there.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except sqlite3.DatabaseError as error:
        return not isinstance(error, sqlite3.OperationalError)
    return False


def _rename(path: Path, by: Path, aside: Path | None) -> None:
    """What lies beside the file belongs to it, and would be read into the new one."""
    with closing(_open(by)) as restored:
        restored.execute("PRAGMA journal_mode=DELETE")
    if aside is not None:
        for suffix in BESIDE:
            beside = path.with_name(path.name + suffix)
            if beside.exists():
                beside.rename(aside.with_name(aside.name + suffix))
        path.rename(aside)
    by.rename(path)
    set_log(path)


# --- figures


def figures(path: Path) -> dict[str, Any]:
    """Of one state: the app may write meanwhile."""
    with closing(_open(path)) as there:
        there.execute("BEGIN")
        made = {name: _of_rows(there.execute(f"SELECT * FROM {_quoted(name)}")) for name in _tables(there)}  # noqa: S608
        made[DEFINITIONS] = _of_rows(there.execute("SELECT type, name, tbl_name, sql FROM sqlite_master"))
        return figures_to_wire(made)


def _tables(there: sqlite3.Connection) -> list[str]:
    """Those that hold rows themselves: a virtual table keeps its own in others."""
    rows = there.execute(
        "SELECT name, sql FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite~_%' ESCAPE '~'"
    )
    return sorted(name for name, sql in rows if not sql.upper().startswith("CREATE VIRTUAL"))


def _of_rows(rows: Iterator[tuple[Any, ...]]) -> TableFigures:
    """The sum of the rows' hashes. ``ascii`` of a row tells text from bytes and nothing from both, and is the same for
    every Python."""
    number = total = 0
    for row in rows:
        number += 1
        total += int.from_bytes(hashlib.blake2b(ascii(row).encode(), digest_size=8).digest(), "big")
    return TableFigures(number, f"{total % MODULUS:032x}")


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


# --- one table


def copy_table(table: str, source: Path, into: Path) -> str:
    """With its rows and without its indexes, whose names are taken."""
    with closing(_open(into)) as there:
        there.execute("ATTACH ? AS source", (str(source),))
        found = there.execute(
            "SELECT sql FROM source.sqlite_master WHERE type = 'table' AND name = ?", (table,)
        ).fetchone()
        if found is None:
            raise LookupError("there is no such table in the backup")
        name = _free_table(there, table)
        columns = ", ".join(_stored_columns(there, table))
        there.execute("BEGIN IMMEDIATE")
        there.execute(CREATE.sub(lambda _: f"CREATE TABLE {_quoted(name)}", found[0], count=1))
        there.execute(
            f"INSERT INTO main.{_quoted(name)} ({columns}) SELECT {columns} FROM source.{_quoted(table)}"  # noqa: S608
        )
        there.execute("COMMIT")
        return name


def _free_table(there: sqlite3.Connection, table: str) -> str:
    taken = {row[0].lower() for row in there.execute("SELECT name FROM main.sqlite_master")}
    names = itertools.chain([f"{table}_restored"], (f"{table}_restored_{number}" for number in itertools.count(2)))
    return next(name for name in names if name.lower() not in taken)


def _stored_columns(there: sqlite3.Connection, table: str) -> list[str]:
    """Those that are not computed (``hidden`` is 2 or 3: https://www.sqlite.org/pragma.html#pragma_table_xinfo)."""
    rows = there.execute("SELECT name, hidden FROM pragma_table_xinfo(?, 'source')", (table,))
    return [_quoted(name) for name, hidden in rows if hidden == 0]
