"""A database copied from one host into another: whole and changed as wished, or not at all."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import pytest

from agent.protocol import Host, NoBuilder, Talk
from seawall.agent import deployment, session
from seawall.agent.data import quiet, record
from seawall.agent.data.places import DataPlaces
from seawall.agent.data.vocabulary import Data, Database, data_to_wire

ROWS = 20_000


class Desk:
    """A host of an app with an SQLite database."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.host = Host(folder, stack)
        base = self.host.places.base
        self.file = base / "data/shop.db"
        database = Database("sqlite", "shop", path=str(self.file), variable="DATABASE_URL")
        self.at = DataPlaces(base)
        self.at.settings.write_text(json.dumps(data_to_wire(Data("shop", str(base), "", database=database))))
        self.sql("CREATE TABLE post (id INTEGER PRIMARY KEY, title TEXT)")

    def sql(self, statement: str) -> list[Any]:
        with closing(sqlite3.connect(self.file, isolation_level=None)) as opened:
            return opened.execute(statement).fetchall()

    def titles(self) -> list[str]:
        return [title for (title,) in self.sql("SELECT title FROM post ORDER BY id")]

    def beside(self) -> list[str]:
        """What else lies beside the database."""
        return sorted(path.name for path in self.file.parent.iterdir() if path != self.file)


@pytest.fixture
def desks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Desk, Desk]]:
    """Production, with many rows, and staging, with one of its own."""
    with ExitStack() as stack:
        production, staging = Desk(tmp_path / "one", stack), Desk(tmp_path / "two", stack)
        for module in (session, quiet):
            monkeypatch.setattr(module, "manager_for", lambda _: staging.host.manager)
        monkeypatch.setattr(deployment, "Builder", NoBuilder)
        production.sql(
            "INSERT INTO post (title) WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)"
            " SELECT 'row ' || i || hex(randomblob(100)) FROM n"
        )
        staging.sql("INSERT INTO post (title) VALUES ('staging')")
        yield production, staging


def carry(production: Desk, staging: Desk, script: str = "", *, spoil: str = "") -> dict[str, Any]:
    """What the tool does. ``spoil`` makes the source fail, or changes a figure, or ends the connection."""
    source, target = production.host.session(), staging.host.session()
    found = source.ask("data-copy-look", version="")["result"]
    target.wire.send(
        {"op": "data-copy-receive", "by": "ada@desk", "script": script, "app": "shop", "host": "web1", **found}
    )
    source.wire.send({"op": "data-copy-send", "by": "ada@desk"})
    while "piece" in (frame := received(source)).message:
        target.wire.send({"op": "piece"}, frame.payload)
    if spoil == "connection":
        target.leave()
        return {}
    end = frame.message["result"]
    if spoil == "figure":
        end["figures"]["post"][0] += 1
    target.wire.send({"op": "piece", "last": True, **({"failed": True} if spoil == "source" else end)})
    answer = target.answer()
    assert "live" in target.ask("open", layout=target_layout(target))["result"]
    return answer


def received(talk: Talk) -> Any:
    frame = talk.wire.receive()
    assert frame is not None
    return frame


def target_layout(talk: Talk) -> dict[str, Any]:
    from seawall.agent.vocabulary import to_wire

    return to_wire(talk.host.places.layout)


def test_the_copy_has_every_row_and_what_was_there_is_kept(desks: tuple[Desk, Desk]) -> None:
    production, staging = desks
    answer = carry(*desks)["result"]
    assert staging.titles() == production.titles()
    assert answer["rows"] >= ROWS
    assert answer["bytes"] == production.file.stat().st_size
    with closing(sqlite3.connect(staging.file.with_name(f"{answer['kept']}.db"))) as kept:
        assert kept.execute("SELECT title FROM post").fetchall() == [("staging",)]
    (run,) = record.read(staging.at.record)
    assert (run.job, run.ok) == ("copy", True)


def test_the_sql_is_run_before_anybody_sees_the_copy(desks: tuple[Desk, Desk]) -> None:
    carry(*desks, "UPDATE post SET title = 'nobody';")
    assert set(desks[1].titles()) == {"nobody"}
    assert "nobody" not in desks[0].titles()


@pytest.mark.parametrize(
    ("script", "spoil", "why"),
    [
        ("UPDATE no_such_table SET x = 1;", "", "the SQL could not be run in the copy"),
        ("", "source", "the dump ended before it was whole"),
        ("", "figure", "is not what was"),
        ("", "connection", ""),
    ],
)
def test_whatever_goes_wrong_the_live_database_stays_and_nothing_else_does(
    desks: tuple[Desk, Desk], script: str, spoil: str, why: str
) -> None:
    answer = carry(*desks, script, spoil=spoil)
    assert desks[1].titles() == ["staging"]
    assert desks[1].beside() == []
    if why:
        assert why in answer["error"]["fact"]


def test_a_host_without_a_database_of_seawalls_says_so(desks: tuple[Desk, Desk]) -> None:
    desks[0].at.settings.unlink()
    error = desks[0].host.session().ask("data-copy-look", version="")["error"]
    assert error["fact"] == "this app has no database of seawall's on this host"
