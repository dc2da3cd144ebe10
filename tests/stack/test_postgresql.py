"""PostgreSQL's settings follow from the host, and are the same whichever app of the host is deployed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from seawall.agent.data.wanted import PostgresqlDatabase, PostgresqlServer
from seawall.config.model import Project
from seawall.errors import ConfigError
from seawall.stack import at_once, pgbouncer, postgresql
from seawall.stack.facts import Facts
from seawall.stack.sizing import size
from stack.cases import BOOKWORM, TRIXIE, composed, project

GIB = 1024**3
OWN = {"DATABASE_PASSWORD": "secret"}


def with_database(database: dict[str, Any] | None = None, **settings: Any) -> Project:
    return project(database={"kind": "postgresql", **(database or {})}, **settings)


def servers(mine: Project, facts: Facts = BOOKWORM) -> list[PostgresqlServer]:
    return [one for one in composed(mine, facts=facts, own=OWN).resources if isinstance(one, PostgresqlServer)]


@pytest.mark.parametrize(
    ("memory", "expected"),
    [
        (
            512 << 20,
            {
                "shared_buffers": "64MB",
                "effective_cache_size": "256MB",
                "work_mem": "2MB",
                "maintenance_work_mem": "16MB",
            },
        ),
        (
            4 * GIB,
            {
                "shared_buffers": "512MB",
                "effective_cache_size": "2GB",
                "work_mem": "20MB",
                "maintenance_work_mem": "64MB",
            },
        ),
        (
            64 * GIB,
            {
                "shared_buffers": "8GB",
                "effective_cache_size": "32GB",
                "work_mem": "64MB",
                "maintenance_work_mem": "1GB",
            },
        ),
    ],
)
def test_memory_settings_follow_from_the_hosts_memory(memory: int, expected: dict[str, str]) -> None:
    (server,) = servers(with_database(), replace(BOOKWORM, memory_bytes=memory))
    assert {name: server.wanted[name] for name in expected} == expected


def test_a_kernel_that_leaves_a_little_less_memory_changes_nothing() -> None:
    less = replace(BOOKWORM, memory_bytes=BOOKWORM.memory_bytes - (40 << 20))
    assert servers(with_database(), less) == servers(with_database())


def test_the_server_is_reached_by_its_socket_alone() -> None:
    (server,) = servers(with_database())
    assert server.wanted["listen_addresses"] == ""
    assert server.wanted["password_encryption"] == "scram-sha-256"


@pytest.mark.parametrize(
    ("settings", "others", "expected"),
    [
        ({}, 0, "100"),
        ({}, 60, "150"),
        ({"server": {"workers": 8, "threads": 16}}, 0, "300"),
        ({"processes": {"worker": {"command": "rq worker", "count": 20}}}, 0, "150"),
        ({"app": {"entry": "chat:app", "interface": "asgi"}, "server": {"workers": 4}}, 0, "150"),
        ({"database": {"connections": 400}}, 0, "450"),
    ],
    ids=["usual", "beside others", "many threads", "processes", "asgi", "chosen"],
)
def test_connections_are_enough_for_two_releases_of_every_app(
    settings: dict[str, Any], others: int, expected: str
) -> None:
    (server,) = servers(with_database(**settings), replace(BOOKWORM, connections=others))
    assert server.wanted["max_connections"] == expected


def test_two_apps_of_a_host_come_to_the_same_settings() -> None:
    one, other = with_database(server={"workers": 4, "threads": 8}), with_database(name="shop")
    first = at_once.allowed(one, BOOKWORM.cores)
    second = at_once.allowed(other, BOOKWORM.cores)
    assert servers(one, replace(BOOKWORM, connections=second)) == servers(other, replace(BOOKWORM, connections=first))


def test_a_memory_that_was_chosen_is_in_a_file_of_its_own_that_is_read_last() -> None:
    usual, chosen = servers(with_database({"memory": "3g"}))
    assert usual == servers(with_database())[0]
    assert chosen.file > usual.file
    assert chosen.wanted["shared_buffers"] == "1536MB"
    assert "max_connections" not in chosen.wanted


@pytest.mark.parametrize(
    ("facts", "version"),
    [
        (BOOKWORM, "15"),
        (Facts("debian", "13"), "17"),
        (Facts("ubuntu", "24.04"), "16"),
        (replace(BOOKWORM, postgresql_version="17"), "17"),
    ],
)
def test_the_version_is_the_one_that_is_there_or_will_be(facts: Facts, version: str) -> None:
    assert postgresql.version(facts) == version


def test_where_nobody_knows_what_will_be_installed_nothing_is() -> None:
    with pytest.raises(ConfigError, match=r"it is not known which PostgreSQL ubuntu 26\.04 installs") as caught:
        servers(with_database(), Facts("ubuntu", "26.04"))
    assert "apt install postgresql" in caught.value.remedy


def test_the_role_has_the_password_that_the_app_has() -> None:
    found = [one for one in composed(with_database(), own=OWN).resources if isinstance(one, PostgresqlDatabase)]
    assert found == [PostgresqlDatabase("15", "guestbook", "guestbook", "secret")]
    assert "secret" not in repr(found)


def test_the_workers_leave_room_for_the_server() -> None:
    small = replace(BOOKWORM, cores=8, memory_bytes=2 * GIB)
    alone, beside = size(project(), small, "gunicorn"), size(with_database(), small, "gunicorn")
    assert (alone.workers, beside.workers) == (5, 4)
    terms = {term.name: term.value for term in beside.terms}
    assert terms["postgresql"] == -GIB // 2


def test_a_server_that_only_other_apps_use_takes_room_too() -> None:
    terms = {term.name for term in size(project(), replace(BOOKWORM, postgresql_version="15"), "gunicorn").terms}
    assert "postgresql" in terms


def test_the_app_is_started_after_its_database() -> None:
    (web,) = composed(with_database(), own=OWN).release.programs
    assert "\nAfter=network.target postgresql.service\n" in web.files[1].content


def test_with_a_pool_the_app_is_given_its_socket_and_the_server_needs_few_connections() -> None:
    mine = with_database({"pool": True}, server={"workers": 8, "threads": 16})
    made = composed(mine, own=OWN)
    assert made.release.env["DATABASE_URL"].endswith("@/guestbook?host=/var/run/postgresql&port=6432")
    assert servers(mine)[0].wanted["max_connections"] == "100"


@pytest.mark.parametrize(("facts", "told"), [(BOOKWORM, True), (TRIXIE, False)])
def test_a_driver_that_prepares_statements_is_told_of_where_the_pool_cannot_carry_them(
    facts: Facts, told: bool
) -> None:
    notes = pgbouncer.notes((facts.os_id, facts.os_version), frozenset({"psycopg", "flask"}))
    assert bool(notes) is told
    assert not told or "prepare_threshold=None" in notes[0]
