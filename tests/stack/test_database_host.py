"""A database on a host of its own: what that holds, and what the app's hosts are given."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from seawall.agent.data.vocabulary import Database
from seawall.agent.data.wanted import (
    PostgresqlDatabase,
    PostgresqlDoor,
    PostgresqlReplica,
    PostgresqlReplication,
    PostgresqlServer,
)
from seawall.agent.vocabulary import File, Package, Requirements, Source
from seawall.config.model import Project
from seawall.errors import ConfigError
from seawall.stack import database_host
from seawall.stack.composition import Away, Inputs
from seawall.stack.database_host import Place
from seawall.stack.layout import layout_of
from stack.cases import BOOKWORM, composed, project

OWN = {"DATABASE_PASSWORD": "se/cret"}
AWAY = Away("10.0.0.9", "CERTIFICATE\n")
PLACE = Place("10.0.0.9", "CERTIFICATE\n", "KEY\n", ("10.0.0.1", "10.0.0.2"), ("10.1.0.9",), 140)


def elsewhere(**settings: Any) -> Project:
    return project(database={"kind": "postgresql", "host": "root@db1"}, **settings)


def held(mine: Project) -> list[Any]:
    inputs = Inputs(mine, BOOKWORM, (), {}, Requirements(), Source(), own=OWN, away=AWAY)
    return list(database_host.resources(inputs, layout_of(mine.app_id), PLACE, "db1"))


def test_the_app_is_given_a_url_that_pins_the_certificate() -> None:
    made = composed(elsewhere(), own=OWN, away=AWAY)
    assert made.release.env["DATABASE_URL"] == (
        "postgresql://guestbook:se%2Fcret@10.0.0.9:5432/guestbook"
        "?sslmode=verify-ca&sslrootcert=/srv/guestbook/database.crt"
    )
    assert made.release.external == "DATABASE_URL", "it is asked before the release starts"
    (pinned,) = [one for one in made.resources if isinstance(one, File) and one.path == "/srv/guestbook/database.crt"]
    assert (pinned.content, pinned.mode) == ("CERTIFICATE\n", 0o644)


def test_the_apps_hosts_have_no_server_of_their_own() -> None:
    made = composed(elsewhere(), own=OWN, away=AWAY)
    assert not [one for one in made.resources if isinstance(one, (PostgresqlServer, PostgresqlDatabase))]
    assert Package("postgresql") not in made.resources
    assert not any(isinstance(one, File) and "postgresql" in one.path for one in made.resources)


def test_its_own_host_listens_to_exactly_the_apps_hosts() -> None:
    mine = held(elsewhere())
    door, of_replica = [one for one in mine if isinstance(one, PostgresqlDoor)]
    assert of_replica.clients == ()
    assert door == PostgresqlDoor("15", "guestbook", "guestbook", "10.0.0.9", ("10.0.0.1", "10.0.0.2"))
    listening = [one for one in mine if isinstance(one, PostgresqlServer)][1]
    assert listening.wanted == {
        "listen_addresses": "10.0.0.9, 10.1.0.9",
        "ssl": "on",
        "ssl_cert_file": "/etc/postgresql/15/main/seawall.crt",
        "ssl_key_file": "/etc/postgresql/15/main/seawall.key",
        "max_slot_wal_keep_size": "8GB",
    }, "and on the address that another app's hosts know"
    assert not any(isinstance(one, File) and "KEY" in one.content for one in mine)


def test_its_connections_are_those_of_all_hosts() -> None:
    (first, *_) = [one for one in held(elsewhere()) if isinstance(one, PostgresqlServer)]
    assert first.wanted["max_connections"] == "200"
    made = database_host.database(elsewhere(), PLACE)
    assert made == Database(
        "postgresql",
        "guestbook",
        "guestbook",
        socket="/var/run/postgresql",
        connections=140,
        variable="DATABASE_URL",
        address="10.0.0.9",
        clients=("10.0.0.1", "10.0.0.2"),
        role="primary",
    )


def test_a_sandbox_that_keeps_the_app_from_it_is_refused() -> None:
    with pytest.raises(ConfigError, match="does not let the app connect"):
        composed(elsewhere(sandbox={"outbound": ["10.7.0.0/16"]}), own=OWN, away=AWAY)
    composed(elsewhere(sandbox={"outbound": ["10.0.0.0/24"]}), own=OWN, away=AWAY)


def test_an_address_of_ipv6_stands_in_brackets() -> None:
    found = database_host.url(elsewhere(), layout_of("guestbook"), OWN, "fd00::9")
    assert "@[fd00::9]:5432/guestbook?" in found


def test_its_watch_tells_the_same_people() -> None:
    own = {**OWN, "WEBHOOK": "https://hooks.example.com/1"}
    mine = elsewhere(alerts={"email": ["ada@example.com"], "smtp": {"host": "mail.example.com"}})
    inputs = Inputs(mine, BOOKWORM, (), {}, Requirements(), Source(), own=own, away=AWAY)
    found = list(database_host.resources(inputs, layout_of(mine.app_id), PLACE, "db1"))
    (told,) = [one for one in found if isinstance(one, File) and one.path.endswith("/alerts.json")]
    assert '"host": "db1"' in told.content


REPLICA = Place("10.0.0.10", "COPY\n", "KEY\n", ("10.0.0.1",), (), 140)


def of_replica() -> list[Any]:
    mine = project(database={"kind": "postgresql", "host": "root@db1", "replica": "root@db2"})
    own = {**OWN, "REPLICA_PASSWORD": "follow"}
    inputs = Inputs(mine, BOOKWORM, (), {}, Requirements(), Source(), own=own, away=AWAY)
    return list(database_host.replica_resources(inputs, layout_of(mine.app_id), REPLICA, PLACE, "db2"))


def test_a_replica_follows_over_tls_by_its_own_role_and_slot() -> None:
    (replica,) = [one for one in of_replica() if isinstance(one, PostgresqlReplica)]
    assert (replica.slot, "sslmode=verify-ca" in replica.source) == ("seawall_guestbook", True)
    settings = [one for one in of_replica() if isinstance(one, PostgresqlServer)][-1].wanted
    assert settings == {"primary_conninfo": replica.source, "primary_slot_name": "seawall_guestbook"}
    (login,) = [one for one in of_replica() if isinstance(one, File) and one.path.endswith("seawall.pgpass")]
    assert (login.content, login.mode, login.owner, login.secret) == (
        "10.0.0.9:5432:*:seawall-replica-guestbook:follow\n",
        0o600,
        "postgres",
        True,
    )
    assert not any("follow" in one.content for one in of_replica() if isinstance(one, File) and not one.secret)


def test_the_primary_lets_its_replica_in_and_one_without_forgets_it() -> None:
    inputs = Inputs(
        elsewhere(), BOOKWORM, (), {}, Requirements(), Source(), own={**OWN, "REPLICA_PASSWORD": "follow"}, away=AWAY
    )
    followed = replace(PLACE, follower="10.0.0.10")
    for place, password, clients in ((followed, "follow", ("10.0.0.10",)), (PLACE, "", ())):
        found = list(database_host.resources(inputs, layout_of("guestbook"), place, "db1"))
        (by,) = [one for one in found if isinstance(one, PostgresqlReplication)]
        door = [one for one in found if isinstance(one, PostgresqlDoor)][1]
        assert (by.password, door.name, door.clients) == (password, "replication", clients)


def test_the_app_finds_the_replica_in_a_variable_of_its_own() -> None:
    made = composed(elsewhere(), own=OWN, away=replace(AWAY, replica="10.0.0.10"))
    assert "@10.0.0.10:5432/guestbook?sslmode=verify-ca" in made.release.env["DATABASE_REPLICA_URL"]
    assert "@10.0.0.9:5432" in made.release.env["DATABASE_URL"]
