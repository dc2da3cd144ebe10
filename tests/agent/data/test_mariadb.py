"""What MariaDB is told and what is made of its answers; dumps and swaps are tested with a real one, on a host."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import pytest

from seawall.agent.data.engines import engine_for, mariadb_figures
from seawall.agent.data.engines.mariadb import MariadbEngine
from seawall.agent.data.engines.mariadb_client import Client, argv, complaint, literal, quoted
from seawall.agent.data.engines.pace import CALM, Pace
from seawall.agent.data.vocabulary import Database
from seawall.agent.errors import BadRequest, CommandFailed, DumpFailed


@pytest.fixture
def engine(tmp_path: Path) -> MariadbEngine:
    made = engine_for(Database("mariadb", "shop", "shop", socket=str(tmp_path / "mysqld.sock")))
    assert isinstance(made, MariadbEngine)
    return made


def test_a_name_or_a_text_ends_no_statement() -> None:
    assert quoted("odd `name") == "`odd ``name`"
    assert literal("it's; DROP") == "_utf8mb4 X'697427733b2044524f50'"


def test_root_logs_in_as_itself_and_no_configuration_of_anybodys_counts() -> None:
    words = argv("mariadb", "/run/mysqld/mysqld.sock", "--batch")
    assert words[:4] == ["mariadb", "--no-defaults", "--user=root", "--socket=/run/mysqld/mysqld.sock"]


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (
            "--------------\nCREATE USER a IDENTIFIED BY 'secret' oops\n--------------\n\n"
            "ERROR 1064 (42000) at line 3: You have an error in your SQL syntax; use near 'secret' at line 1\n",
            "ERROR 1064 (42000) at line 3: You have an error in your SQL syntax; use",
        ),
        (
            "mariadb-dump: Got error: 1049: \"Unknown database 'shop'\" when selecting the database\n",
            "mariadb-dump: Got error: 1049: \"Unknown database 'shop'\" when selecting the database",
        ),
        ("", ""),
    ],
)
def test_what_is_refused_is_told_without_the_statement(said: str, told: str) -> None:
    assert complaint(said) == told


def test_a_row_is_one_text_in_which_no_two_rows_are_alike() -> None:
    columns = [("id", "int"), ("text", "varchar"), ("part", "longblob"), ("flags", "bit")]
    assert mariadb_figures.row(columns) == (
        "CONCAT_WS(',', COALESCE(CAST(`id` AS CHAR), 'N'), COALESCE(HEX(`text`), 'N'), "
        "COALESCE(MD5(`part`), 'N'), COALESCE(HEX(`flags`), 'N'))"
    )


def test_a_server_that_does_not_run_is_named(engine: MariadbEngine) -> None:
    with pytest.raises(CommandFailed, match="MariaDB does not run"):
        engine.version()
    with pytest.raises(DumpFailed, match="MariaDB does not run"), engine.dump():
        pass


def test_what_is_for_scratch_databases_never_reaches_the_apps_own(engine: MariadbEngine) -> None:
    with pytest.raises(BadRequest, match="the app's own database"):
        engine.drop("shop")


def test_the_url_of_another_database_is_the_apps_own_with_another_name(engine: MariadbEngine) -> None:
    live = "mysql+pymysql://shop:p%40ss@localhost/shop?unix_socket=/run/mysqld/mysqld.sock"
    assert engine.url("shop_drill", live) == live.replace("/shop?", "/shop_drill?")


def asked_for_figures(pace: Pace | None) -> str:
    """What the server is asked for the checksum of a table whose rows are 4 kB on average."""
    asked: list[str] = []

    class Server:
        def ask(self, statement: str, timeout: float = 0) -> list[list[str]]:
            asked.append(statement)
            table = b"note".hex()
            if "avg_row_length" in statement:
                return [[table, "4096"]]
            return (
                [[table, b"id".hex(), "int"]] if "column_name" in statement.partition("FROM")[0] else [["1", "2", "3"]]
            )

    mariadb_figures.figures(cast("Client", Server()), "shop", pace)
    return next(one for one in asked if "`note`" in one)


def test_the_server_rests_by_the_length_of_its_rows_where_nobody_waits_for_it() -> None:
    assert " WHERE IF(RAND() < 0.031250, SLEEP(0.004000), 0) = 0) AS hashes" in asked_for_figures(CALM)
    assert "SLEEP" not in asked_for_figures(None)
