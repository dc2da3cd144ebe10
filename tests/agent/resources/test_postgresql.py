"""What is to be done to a host's PostgreSQL, told from what it is like. That it is done is tested on hosts."""

from __future__ import annotations

import pytest

from seawall.agent.data import scram
from seawall.agent.data.wanted import PostgresqlDatabase, PostgresqlServer
from seawall.agent.resources import postgresql_database, postgresql_server
from seawall.agent.resources.postgresql_database import DatabaseFound, rules
from seawall.agent.resources.postgresql_server import ServerFound, Setting
from seawall.agent.resources.work import Work
from seawall.agent.undo import UndoLog

FILE = "/etc/postgresql/15/main/conf.d/seawall.conf"
SERVER = PostgresqlServer("15", FILE, ("listen_addresses=", "max_connections=150", "work_mem=8MB"))
APP = PostgresqlDatabase("15", "shop", "shop", "correct horse")
GOOD = DatabaseFound(True, True, True, "SCRAM", True, True, False, rules("shop"))


def found(**changes: tuple[str, str, str]) -> ServerFound:
    as_wanted = {
        "listen_addresses": ("", "postmaster", FILE),
        "max_connections": ("150", "postmaster", FILE),
        "work_mem": ("8MB", "user", FILE),
    }
    return ServerFound(True, True, True, {name: Setting(*one) for name, one in {**as_wanted, **changes}.items()})


def test_a_server_as_it_should_be_is_no_change() -> None:
    assert postgresql_server.diff(SERVER, found()) is None


@pytest.mark.parametrize("state", [ServerFound(), ServerFound(there=True, enabled=True)])
def test_one_that_is_not_there_or_is_down_is_started(state: ServerFound) -> None:
    change = postgresql_server.diff(SERVER, state)
    assert change is not None
    assert (change.name, change.action) == ("15/main", "start")


def test_a_setting_that_can_be_read_again_needs_no_restart() -> None:
    change = postgresql_server.diff(SERVER, found(work_mem=("4MB", "user", "")))
    assert change is not None
    assert (change.action, change.diff) == ("reload", "work_mem '4MB' → '8MB'")


def test_a_restart_says_what_it_costs() -> None:
    change = postgresql_server.diff(SERVER, found(max_connections=("100", "postmaster", "/etc/x/postgresql.conf")))
    assert change is not None
    assert change.action == "restart"
    assert change.diff.splitlines() == [
        "max_connections '100' → '150'",
        "it is restarted: what the apps of this host are asking it fails meanwhile",
    ]


@pytest.mark.parametrize(
    "source",
    ["/var/lib/postgresql/15/main/postgresql.auto.conf", "/etc/postgresql/15/main/conf.d/seawall_memory.conf"],
)
def test_what_somebody_else_has_the_last_word_on_is_left_alone(source: str) -> None:
    assert postgresql_server.diff(SERVER, found(max_connections=("500", "postmaster", source))) is None


def test_a_database_as_it_should_be_is_no_change() -> None:
    assert postgresql_database.diff(APP, GOOD) is None


def test_a_new_database_is_told_of_without_its_password() -> None:
    change = postgresql_database.diff(APP, DatabaseFound(hba="local all all peer\n"))
    assert change is not None
    assert (change.name, change.action) == ("shop", "create")
    assert change.diff.splitlines() == [
        "role shop, which may log in and nothing else",
        "password of shop (secret) set",
        "database shop, owned by shop, in UTF-8",
        "nobody else may connect to it",
        "/etc/postgresql/15/main/pg_hba.conf:",
        *(f"+{line}" for line in rules("shop").splitlines()),
    ]


def test_of_a_password_that_is_another_one_the_plan_says_what_that_means() -> None:
    change = postgresql_database.diff(APP, DatabaseFound(True, True, True, "old", False, True, False, rules("shop")))
    assert change is not None
    assert change.diff == (
        "password of shop (secret) changed: until the switch the release before can open no new connections"
    )


def test_the_password_is_in_no_statement() -> None:
    said = "\n".join(postgresql_database._statements(APP, DatabaseFound(True)))
    assert "correct horse" not in said
    assert scram.fits("correct horse", said.partition("PASSWORD '")[2].partition("'")[0])


def test_the_lines_of_a_role_come_first_once() -> None:
    before = "local all postgres peer\n" + rules("shop") + rules("blog")
    assert postgresql_database._without(before, "shop") == "local all postgres peer\n" + rules("blog")


def test_other_apps_may_come_first_but_nobody_else() -> None:
    before = rules("blog")
    assert postgresql_database._lets_in(before + rules("shop") + "local all all peer\n", "shop")
    assert not postgresql_database._lets_in("local all all peer\n" + rules("shop"), "shop")
    assert not postgresql_database._lets_in(before, "shop")


def test_a_password_that_was_changed_is_put_back_with_the_rest(work: Work, monkeypatch: pytest.MonkeyPatch) -> None:
    back: list[tuple[str, str]] = []
    monkeypatch.setattr(postgresql_database, "put_back", lambda user, verifier: back.append((user, verifier)))
    work.undo.keep_state("postgresql_database", "shop", "SCRAM-SHA-256$old")
    UndoLog.load(work.undo._folder).roll_back()
    assert back == [("shop", "SCRAM-SHA-256$old")]
