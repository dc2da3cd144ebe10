"""SQLite: a dump is of one moment, a copy is told from what it was made of, and no app loses what it wrote."""

from __future__ import annotations

import io
import json
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from seawall.agent.data.engines import engine_for, sqlite_files
from seawall.agent.data.engines.sqlite import SqliteEngine
from seawall.agent.data.figures import Figures, compare
from seawall.agent.data.vocabulary import Database
from seawall.agent.errors import BadRequest, DumpFailed, LoadFailed

SCHEMA = """
CREATE TABLE note (id INTEGER PRIMARY KEY, text TEXT, part BLOB, weight REAL, twice INTEGER AS (id * 2));
CREATE TABLE "odd ""one" (a, b);
CREATE INDEX by_text ON note (text);
CREATE VIEW loud AS SELECT upper(text) FROM note;
INSERT INTO note (text, part, weight) VALUES ('grüß', x'00ff', 0.1), (NULL, NULL, NULL), ('', x'', -1e300);
INSERT INTO "odd ""one" VALUES (1, '1'), ('1', 1), (1, '1');
"""


#: Runs each statement that it is given, in a transaction of its own, and answers with its rows. After an empty line it
#: writes two rows in each transaction, as fast as it can, and answers after the first.
APP = """
import json, sqlite3, sys
connection = sqlite3.connect(sys.argv[1], timeout=30)
while True:
    statement = sys.stdin.readline().strip()
    if statement:
        with connection:
            rows = connection.execute(statement).fetchall()
        print(json.dumps(rows), flush=True)
    written = 0
    while not statement:
        with connection:
            connection.execute("INSERT INTO note (text) VALUES ('left')")
            connection.execute("INSERT INTO note (text) VALUES ('right')")
        written += 1
        if written == 1:
            print("[]", flush=True)
"""


class App:
    """An app that has the database open."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def execute(self, statement: str) -> list[list[object]]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{statement}\n")
        self._process.stdin.flush()
        answer: list[list[object]] = json.loads(self._process.stdout.readline())
        return answer

    def begin(self) -> None:
        """Write until the end; the first rows are there when this returns."""
        self.execute("")


@pytest.fixture
def engine(tmp_path: Path) -> SqliteEngine:
    path = tmp_path / "shop.db"
    made = engine_for(Database("sqlite", "shop", path=str(path)))
    assert isinstance(made, SqliteEngine)
    made.create("shop")
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(SCHEMA)
    return made


def change(engine: SqliteEngine, statement: str, name: str = "shop") -> None:
    with closing(sqlite3.connect(engine.path(name))) as connection, connection:
        connection.execute(statement)


def grow(engine: SqliteEngine) -> None:
    """By some thirty pages."""
    change(
        engine,
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300) "
        "INSERT INTO note (text) SELECT hex(randomblob(200)) FROM n",
    )


def asked(engine: SqliteEngine, query: str, name: str = "shop") -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(engine.path(name))) as connection:
        return connection.execute(query).fetchall()


def rows(engine: SqliteEngine) -> int:
    """How many the app has written."""
    return int(str(asked(engine, "SELECT count(*) FROM note WHERE text IN ('left', 'right')")[0][0]))


def dumped(engine: SqliteEngine) -> tuple[bytes, Figures]:
    with engine.dump() as dump:
        data = dump.stream.read()
        figures = dump.figures()
        dump.finish()
    return data, figures


def restored(engine: SqliteEngine, data: bytes, name: str = "scratch") -> str:
    engine.create(name)
    engine.load(io.BytesIO(data), name)
    return name


@contextmanager
def app(engine: SqliteEngine) -> Iterator[App]:
    """The app, in a process of its own: SQLite's locks are those of processes, and no process may hand them to a copy
    of itself (https://www.sqlite.org/howtocorrupt.html, 2.6)."""
    argv = [sys.executable, "-c", APP, str(engine.path("shop"))]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield App(process)
        finally:
            process.kill()


def test_a_dump_taken_while_rows_are_written_is_of_one_moment_and_loads_to_the_same_figures(
    engine: SqliteEngine,
) -> None:
    with app(engine) as writing:
        writing.begin()
        before = rows(engine)
        data, figures = dumped(engine)
        after = rows(engine)
    restored(engine, data)
    assert compare(figures, engine.figures("scratch")) == []
    halves = dict(asked(engine, "SELECT text, count(*) FROM note WHERE text LIKE '%t' GROUP BY text", "scratch"))
    assert halves["left"] == halves["right"]
    assert before <= 2 * int(str(halves["left"])) <= after


def test_a_dump_is_one_file_and_leaves_nothing_beside_the_database(engine: SqliteEngine) -> None:
    before = sorted(path.name for path in engine.path("shop").parent.iterdir())
    data, _ = dumped(engine)
    assert data.startswith(b"SQLite format 3\0")
    assert data[18:20] == b"\1\1"  # no write-ahead log (https://www.sqlite.org/fileformat2.html)
    assert sorted(path.name for path in engine.path("shop").parent.iterdir()) == before


def test_what_a_dump_that_was_killed_left_goes_with_the_next(engine: SqliteEngine) -> None:
    left = engine.path("shop").with_name(f".{sqlite_files.COPY}0123")
    left.write_bytes(b"half a copy")
    dumped(engine)
    assert not left.exists()


@pytest.mark.parametrize(
    ("change_of", "word"),
    [
        ("UPDATE note SET text = '' WHERE text IS NULL", "checksums differ"),
        ("UPDATE note SET weight = 0.1000000001 WHERE id = 1", "checksums differ"),
        ("UPDATE note SET part = x'00fe' WHERE id = 1", "checksums differ"),
        ('UPDATE "odd ""one" SET a = \'1\' WHERE a = 1', "checksums differ"),
        ("DELETE FROM note WHERE id = 2", "has 2 rows and had 3 rows"),
        ("DROP INDEX by_text", "(definitions) has 3 rows and had 4 rows"),
    ],
)
def test_the_smallest_change_of_a_copy_is_seen(engine: SqliteEngine, change_of: str, word: str) -> None:
    data, figures = dumped(engine)
    restored(engine, data)
    change(engine, change_of, "scratch")
    found = compare(figures, engine.figures("scratch"))
    assert len(found) == 1
    assert word in found[0]


def test_the_order_of_rows_makes_no_difference(engine: SqliteEngine) -> None:
    figures = engine.figures("shop")
    rows = asked(engine, 'SELECT a, b FROM "odd ""one"')
    change(engine, 'DELETE FROM "odd ""one"')
    with closing(sqlite3.connect(engine.path("shop"))) as connection, connection:
        connection.executemany('INSERT INTO "odd ""one" VALUES (?, ?)', reversed(rows))
    assert compare(figures, engine.figures("shop")) == []


def test_half_a_dump_is_not_loaded(engine: SqliteEngine) -> None:
    grow(engine)
    data, _ = dumped(engine)
    engine.create("scratch")
    with pytest.raises(LoadFailed, match=r"malformed|not a sound SQLite database"):
        engine.load(io.BytesIO(data[: len(data) // 2]), "scratch")


def test_a_missing_database_cannot_be_dumped(engine: SqliteEngine) -> None:
    engine.path("shop").unlink()
    with pytest.raises(DumpFailed, match="could not be copied"), engine.dump():
        pass


def test_a_database_is_replaced_under_an_app_that_has_it_open(engine: SqliteEngine) -> None:
    data, figures = dumped(engine)
    with app(engine) as running:
        running.execute("INSERT INTO note (text) VALUES ('since the backup')")
        changed = engine.figures("shop")
        old = engine.replace("shop", restored(engine, data))
        assert running.execute("SELECT count(*) FROM note") == [[3]]
        assert compare(figures, engine.figures("shop")) == []
        assert compare(changed, engine.figures(old)) == []
        running.execute("INSERT INTO note (text) VALUES ('after the restore')")
    assert asked(engine, "SELECT count(*) FROM note") == [(4,)]
    assert asked(engine, "PRAGMA journal_mode") == [("wal",)]
    assert not engine.exists("scratch")


def test_a_broken_database_and_its_log_are_put_aside_whole(engine: SqliteEngine) -> None:
    data, figures = dumped(engine)
    engine.path("shop").write_bytes(b"not a database at all" * 1000)
    engine.path("shop-wal").with_name("shop.db-wal").write_bytes(b"log of something else")
    old = engine.replace("shop", restored(engine, data))
    assert compare(figures, engine.figures("shop")) == []
    assert engine.path(old).read_bytes().startswith(b"not a database")
    assert engine.path(old).with_name(f"{engine.path(old).name}-wal").read_bytes() == b"log of something else"


def test_a_database_of_another_page_size_is_replaced_too(engine: SqliteEngine) -> None:
    data, figures = dumped(engine)
    engine.path("shop").unlink()
    with closing(sqlite3.connect(engine.path("shop"), isolation_level=None)) as connection:
        for statement in ("PRAGMA page_size=8192", "PRAGMA journal_mode=WAL", "CREATE TABLE other (a)"):
            connection.execute(statement)
    engine.replace("shop", restored(engine, data))
    assert compare(figures, engine.figures("shop")) == []


def test_where_there_was_none_the_restored_one_takes_its_place(engine: SqliteEngine) -> None:
    data, figures = dumped(engine)
    engine.path("shop").unlink()
    assert engine.replace("shop", restored(engine, data)) == ""
    assert compare(figures, engine.figures("shop")) == []


def test_one_table_comes_back_under_a_name_that_is_free(engine: SqliteEngine) -> None:
    data, _ = dumped(engine)
    restored(engine, data)
    change(engine, "DELETE FROM note")
    assert engine.copy_table("note", "scratch", "shop") == "note_restored"
    assert engine.copy_table("note", "scratch", "shop") == "note_restored_2"
    assert asked(engine, "SELECT id, text, twice FROM note_restored ORDER BY id")[0] == (1, "grüß", 2)
    assert engine.copy_table('odd "one', "scratch", "shop") == 'odd "one_restored'
    with pytest.raises(LoadFailed, match="no such table in the backup"):
        engine.copy_table("nothing", "scratch", "shop")


def test_names_are_those_of_files_beside_it(engine: SqliteEngine) -> None:
    engine.create("shop_drill")
    assert engine.names("shop_") == ["shop_drill"]
    assert engine.is_empty("shop_drill")
    assert not engine.is_empty("shop")
    assert engine.is_empty("shop_nowhere")
    live = "sqlite:////elsewhere/shop.db?timeout=20"
    assert engine.url("shop_drill", live) == f"sqlite:///{engine.path('shop').parent}/shop_drill.db?timeout=20"
    engine.drop("shop_drill")
    assert not engine.exists("shop_drill")
    with pytest.raises(BadRequest, match="the app's own database"):
        engine.drop("shop")


def test_a_lock_that_is_kept_is_named_and_not_waited_for_for_ever(
    engine: SqliteEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_files, "PATIENCE", 0.3)
    change(engine, "PRAGMA journal_mode=DELETE")
    with closing(sqlite3.connect(engine.path("shop"), isolation_level=None)) as app:
        app.execute("BEGIN EXCLUSIVE")
        with pytest.raises(DumpFailed, match="kept the database locked"), engine.dump():
            pass


def test_damage_is_told(engine: SqliteEngine) -> None:
    grow(engine)
    change(engine, "PRAGMA wal_checkpoint(TRUNCATE)")
    assert engine.damage("shop") == []
    with engine.path("shop").open("r+b") as file:
        file.seek(5 * 4096)
        file.write(bytes(4096))
    assert engine.damage("shop")
