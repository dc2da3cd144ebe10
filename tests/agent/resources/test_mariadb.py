"""What a plan says of MariaDB, and what the server is told; the rest is tested with a real one, on a host."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from seawall.agent.data.engines.mariadb_client import pattern
from seawall.agent.data.wanted import MariadbDatabase, MariadbServer
from seawall.agent.resources import mariadb_database, mariadb_server
from seawall.agent.resources.mariadb_database import DatabaseFound, verifier
from seawall.agent.resources.mariadb_server import ServerFound

PASSWORD = "password"
#: What MariaDB's own PASSWORD('password') answers.
HASH = "*2470C0C06DEE42FD1618BB99005ADCA2EC9D1E19"
DATABASE = MariadbDatabase("/run/mysqld/mysqld.sock", "my_shop", "my_shop", PASSWORD)
THERE = DatabaseFound(True, True, (HASH,), True, True, True)
SERVER = MariadbServer("/run/mysqld/mysqld.sock", "/etc/x.cnf", ("max_connections=150", "skip_networking=ON"))
RUNS = ServerFound(True, True, {"max_connections": "150", "skip_networking": "ON"})


def statements(found: DatabaseFound) -> str:
    return "\n".join(mariadb_database._statements(DATABASE, found))


def test_the_server_gets_what_it_can_check_the_password_by() -> None:
    assert verifier(PASSWORD) == HASH
    made = statements(DatabaseFound(runs=True))
    assert f"CREATE USER `my_shop`@localhost IDENTIFIED VIA mysql_native_password USING '{HASH}'" in made
    assert PASSWORD not in made.replace("mysql_native_password", "")


def test_the_password_of_before_stays_good_beside_a_new_one() -> None:
    older, before = "*" + "1" * 40, "*" + "2" * 40
    made = statements(replace(THERE, hashes=(before, older), kept=False))
    assert f"USING '{HASH}' OR mysql_native_password USING '{before}'" in made
    assert older not in made


def test_rights_are_for_one_database_and_no_pattern() -> None:
    assert pattern("my_shop%") == "my\\_shop\\%"
    assert "GRANT ALL PRIVILEGES ON `my\\_shop`.* TO `my_shop`@localhost" in statements(DatabaseFound(runs=True))


def test_a_plan_shows_no_password_nor_what_it_is_checked_by() -> None:
    assert mariadb_database.diff(DATABASE, THERE) is None
    change = mariadb_database.diff(DATABASE, DatabaseFound())
    assert change is not None
    assert (change.action, change.diff.splitlines()) == (
        "create",
        [
            "user my_shop, from this host alone",
            "password of my_shop (secret) set",
            "database my_shop, in UTF-8",
            "my_shop may do anything in it, and nothing elsewhere",
        ],
    )
    assert HASH not in repr(change)
    assert PASSWORD not in repr(DATABASE)


@pytest.mark.parametrize(
    ("found", "action", "lines"),
    [
        (RUNS, "", []),
        (ServerFound(), "start", ["starts at boot"]),
        (replace(RUNS, settings={**RUNS.settings, "max_connections": "151"}), "update", ["max_connections 151 → 150"]),
        (
            replace(RUNS, settings={**RUNS.settings, "skip_networking": "OFF"}),
            "restart",
            ["skip_networking OFF → ON", "it is restarted: what the apps of this host are asking it fails meanwhile"],
        ),
    ],
)
def test_a_plan_says_whether_the_server_is_restarted(found: ServerFound, action: str, lines: list[str]) -> None:
    change = mariadb_server.diff(SERVER, found)
    assert (change.action, change.diff.splitlines()) == (action, lines) if change else not action


def test_a_server_that_is_not_there_yet_has_nothing(tmp_path: Path) -> None:
    assert mariadb_database.observe(replace(DATABASE, socket=str(tmp_path / "sock"))) == DatabaseFound()
