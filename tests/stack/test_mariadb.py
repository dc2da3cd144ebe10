"""MariaDB: its settings follow from the host, and its URL from what the app needs."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from seawall.agent.data.wanted import MariadbDatabase, MariadbServer
from seawall.config.model import Project
from seawall.stack import data, mariadb
from seawall.stack.composition import Composition
from stack.cases import BOOKWORM, OWN, composed, project

MIB, GIB = 1 << 20, 1 << 30


def with_database(**settings: Any) -> Project:
    return project(database={"kind": "mariadb", **settings})


def made(mine: Project | None = None, *required: str) -> Composition:
    return composed(mine or with_database(), own=OWN, required=frozenset(required))


@pytest.mark.parametrize(
    ("memory", "pool"),
    [(512 * MIB, 88), (GIB, 128), (4 * GIB, 640), (4 * GIB - 60 * MIB, 640), (64 * GIB, 11392), (0, 128)],
)
def test_the_buffer_pool_is_whole_pieces_of_a_quarter_of_the_memory(memory: int, pool: int) -> None:
    facts = replace(BOOKWORM, memory_bytes=memory)
    settings = mariadb.settings(mariadb.memory(with_database(), facts), 150)
    assert settings["innodb_buffer_pool_size"] == str(pool * MIB)


def test_the_server_has_the_last_of_its_settings_and_no_network() -> None:
    resources = made(with_database(memory="2g")).resources
    (server,) = [one for one in resources if isinstance(one, MariadbServer)]
    assert server.file == "/etc/mysql/mariadb.conf.d/71-seawall-memory.cnf"
    assert server.wanted == {
        "skip_networking": "ON",
        "local_infile": "OFF",
        "max_connections": "150",
        "innodb_buffer_pool_size": str(1408 * MIB),
    }


def test_the_settings_are_the_same_whichever_app_is_deployed() -> None:
    one, other = with_database(connections=100), with_database(connections=40)
    first = mariadb.max_connections(one, replace(BOOKWORM, mariadb_connections=40))
    assert first == mariadb.max_connections(other, replace(BOOKWORM, mariadb_connections=100)) == 150


def test_the_memory_of_a_server_that_other_apps_have_counts_too() -> None:
    assert "mariadb" not in data.memory(project(), BOOKWORM)
    assert data.memory(project(), replace(BOOKWORM, mariadb=True))["mariadb"] == GIB


@pytest.mark.parametrize(
    ("required", "beginning", "end"),
    [
        ((), "mysql://", "&charset=utf8mb4"),
        (("django", "mysqlclient"), "mysql://", "&charset=utf8mb4"),
        (("sqlalchemy",), "mysql://", "&charset=utf8mb4"),
        (("sqlalchemy", "pymysql"), "mysql+pymysql://", "&charset=utf8mb4"),
        (("flask-sqlalchemy", "mysqlclient"), "mysql+mysqldb://", "&charset=utf8mb4"),
        (("sqlmodel", "mariadb"), "mariadb+mariadbconnector://", "mysqld.sock"),
    ],
)
def test_the_url_names_the_driver_that_sqlalchemy_is_to_take(
    required: tuple[str, ...], beginning: str, end: str
) -> None:
    url = made(None, *required).release.env["DATABASE_URL"]
    assert url.startswith(f"{beginning}guestbook:not%20in%20any%20file%20but%20env@localhost/guestbook?unix_socket=")
    assert url.endswith(end)


def test_a_missing_driver_is_told() -> None:
    assert any("name no driver for MariaDB" in note for note in made(None, "flask").notes)
    assert not any("driver" in note for note in made(None, "pymysql").notes)


def test_the_password_is_in_the_environment_and_what_makes_the_user_alone() -> None:
    composition = made()
    (database,) = [one for one in composition.resources if isinstance(one, MariadbDatabase)]
    assert database == MariadbDatabase("/run/mysqld/mysqld.sock", "guestbook", "guestbook", OWN["DATABASE_PASSWORD"])
    assert OWN["DATABASE_PASSWORD"] not in repr(composition.resources)
