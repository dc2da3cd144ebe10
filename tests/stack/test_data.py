"""What the host holds for an app's data, and what the app and the jobs are told of it."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from seawall.agent.data.vocabulary import Data, Database, RedisServer, Retention, data_from_wire
from seawall.agent.vocabulary import AtBoot, File, Package, Service
from seawall.config.model import Project
from seawall.errors import ConfigError
from seawall.stack import data, redis
from seawall.stack.compose import left_behind, resources_for
from seawall.stack.composition import Composition
from stack.cases import BOOKWORM, LOCAL, SERVER, composed, project

OWN = {"DATABASE_PASSWORD": "not in any file but env"}


def with_database(**settings: Any) -> Project:
    return project(database={"kind": "postgresql", **settings})


def made(mine: Project, env: dict[str, str] | None = None) -> Composition:
    return composed(mine, env=env or {}, own=OWN)


def file(resources: tuple[Any, ...], path: str) -> File:
    (found,) = [one for one in resources if isinstance(one, File) and one.path == path]
    return found


def test_an_app_without_data_has_none_of_it() -> None:
    plain = composed()
    assert not [one for one in plain.resources if isinstance(one, File) and one.path.endswith("data.json")]
    assert "DATABASE_URL" not in plain.release.env


def test_the_jobs_are_told_of_the_database_and_no_secret() -> None:
    told = file(made(with_database()).resources, "/srv/guestbook/state/data.json")
    assert (told.mode, told.owner) == (0o600, "")
    assert OWN["DATABASE_PASSWORD"] not in told.content
    assert data_from_wire(json.loads(told.content)) == Data(
        "guestbook",
        "/srv/guestbook",
        "guestbook",
        Database(
            "postgresql",
            "guestbook",
            "guestbook",
            socket="/var/run/postgresql",
            connections=64,
            variable="DATABASE_URL",
            env_file="/srv/guestbook/state/database.env",
        ),
        folders=("/srv/guestbook/data",),
        retention=Retention(7, 5, 12),
    )


def test_what_needs_no_secret_is_the_same_without_the_store() -> None:
    whole = made(with_database()).resources
    without = resources_for(with_database(), SERVER, BOOKWORM)
    assert set(without) <= set(whole)
    assert Package("postgresql") in without
    assert file(without, "/srv/guestbook/state/data.json")


def test_the_app_is_given_the_url_of_the_socket() -> None:
    url = "postgresql://guestbook:not%20in%20any%20file%20but%20env@/guestbook?host=/var/run/postgresql"
    assert made(with_database(), {"A": "1"}).release.env == {"A": "1", "DATABASE_URL": url}


def test_name_variable_and_scheme_are_ones_own() -> None:
    env = made(with_database(name="book", variable="DB", scheme="postgresql+psycopg")).release.env
    assert env["DB"].startswith("postgresql+psycopg://book:not")
    assert env["DB"].endswith("@/book?host=/var/run/postgresql")


def test_a_variable_that_is_set_elsewhere_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"DATABASE_URL is set among the app's variables") as caught:
        made(with_database(), {"DATABASE_URL": "postgresql://elsewhere/guestbook"})
    assert caught.value.place == "[database] variable"


def test_this_machine_sets_up_no_server() -> None:
    with pytest.raises(ConfigError, match="`seawall up` sets up no database server") as caught:
        composed(with_database(), LOCAL)
    assert "[environments.local.database]" in caught.value.remedy


def test_a_redis_is_the_apps_own_and_gives_its_url() -> None:
    composition = made(project(redis={"enabled": True}))
    assert composition.release.env["REDIS_URL"] == "unix:///run/seawall-redis-guestbook/redis.sock"
    told = data_from_wire(json.loads(file(composition.resources, "/srv/guestbook/state/data.json").content))
    unit = "seawall-redis-guestbook.service"
    assert told.redis == RedisServer("/run/seawall-redis-guestbook/redis.sock", "/srv/guestbook/redis", unit)
    assert told.database is None
    written = file(composition.resources, f"/etc/systemd/system/{unit}").content
    assert "User=redis_guestbook\n" in written
    assert "Group=guestbook\n" in written
    assert Package("redis-tools") in composition.resources
    assert Package("redis-server") not in composition.resources


@pytest.mark.parametrize(
    ("memory", "settings", "maxmemory"),
    [
        (4 << 30, {}, 256 << 20),
        ((4 << 30) + 1000, {}, 256 << 20),
        (128 << 20, {}, 32 << 20),
        (512 << 30, {}, 1 << 30),
        (0, {}, 64 << 20),
        (4 << 30, {"memory": "96M"}, 96 << 20),
    ],
)
def test_the_memory_of_redis_follows_the_hosts(memory: int, settings: dict[str, Any], maxmemory: int) -> None:
    mine = project(redis={"enabled": True, **settings})
    assert redis.size(mine, replace(BOOKWORM, memory_bytes=memory)) == maxmemory


def test_the_user_of_a_redis_is_no_apps_and_fits() -> None:
    long = [redis.user_of(f"a-very-long-name-of-an-app-{end}") for end in ("one", "two")]
    assert len(set(long)) == 2
    assert all(len(name) <= 32 and "_" in name for name in long)


def test_a_redis_that_is_no_longer_wanted_is_ended() -> None:
    facts = replace(
        BOOKWORM, redis_servers=("seawall-redis-guestbook.service 67108864", "seawall-redis-shop.service 1")
    )
    ended = [one for one in composed(facts=facts).resources if isinstance(one, Service) and not one.wanted]
    assert any("Redis holds stays on the host" in note for note in composed(facts=facts).notes)
    assert not any("Redis" in note for note in composed(project(redis={"enabled": True}), facts=facts).notes)
    assert [one.stop[-2:] for one in ended] == [("seawall-redis-guestbook.service", "/run/seawall-redis-guestbook")]
    (left,) = [
        one for one in left_behind(SERVER, composed().layout, facts) if isinstance(one, Service) and not one.wanted
    ]
    assert left == ended[0]


def test_a_pool_that_no_app_of_the_host_uses_any_more_is_ended() -> None:
    unused = replace(BOOKWORM, pool_unused=True)
    for found in (composed(facts=unused).resources, left_behind(SERVER, composed().layout, unused)):
        (ended,) = [one for one in found if isinstance(one, Service) and not one.wanted]
        assert ended.stop == ("systemctl", "stop", "pgbouncer.service")
        assert AtBoot("pgbouncer.service", on=False) in found
    pooled = composed(with_database(pool=True), own=OWN, facts=unused).resources
    assert [one for one in pooled if isinstance(one, Service) and not one.wanted] == []
    assert AtBoot("pgbouncer.service") in pooled


@pytest.mark.parametrize(
    ("mine", "former"),
    [(project(), 1), (project(database={"kind": "mariadb"}), 1), (with_database(name="new"), 1), (with_database(), 0)],
)
def test_a_database_that_the_app_had_before_is_remembered_and_said_to_stay(mine: Project, former: int) -> None:
    before = Database("postgresql", "guestbook", "guestbook", socket="/run", connections=64)
    there = composed(mine, own=OWN, facts=replace(BOOKWORM, databases=(before,)))
    told = data.of(mine, there.layout, replace(BOOKWORM, databases=(before,)))
    assert told is not None
    assert told.former == (replace(before, connections=0),) * former
    stays = "the postgresql database guestbook stays on the host with all that is in it, and is backed up no more"
    assert len([note for note in there.notes if note.startswith(stays)]) == former
    later = composed(mine, own=OWN, facts=replace(BOOKWORM, databases=told.former))
    assert not any(note.startswith(stays) for note in later.notes), "it is said once"


def test_this_machine_sets_up_no_redis() -> None:
    with pytest.raises(ConfigError, match="sets up no Redis"):
        composed(project(redis={"enabled": True}), LOCAL)


def test_two_tables_do_not_set_one_variable() -> None:
    both = project(database={"kind": "postgresql"}, redis={"enabled": True, "variable": "DATABASE_URL"})
    with pytest.raises(ConfigError, match="DATABASE_URL is set among"):
        made(both)


def test_the_memory_of_every_redis_of_the_host_is_not_left_to_workers() -> None:
    facts = replace(
        BOOKWORM, redis_servers=("seawall-redis-guestbook.service 1", f"seawall-redis-shop.service {64 << 20}")
    )
    mine = project(redis={"enabled": True, "memory": "32m"})
    assert data.memory(mine, facts)["redis"] == (64 + 32) * 3 // 2 << 20


def elsewhere(**settings: Any) -> Project:
    return project(database={"kind": "external"}, **settings)


def test_a_database_elsewhere_is_asked_before_the_release_starts() -> None:
    made_of = composed(elsewhere(), env={"DATABASE_URL": "postgresql://db.example.com/book"})
    assert made_of.release.external == "DATABASE_URL"
    assert not [one for one in made_of.resources if isinstance(one, File) and one.path.endswith("data.json")]


@pytest.mark.parametrize(
    ("url", "outbound", "reached"),
    [
        ("postgresql://192.0.2.7/book", "none", False),
        ("postgresql://db.example.com/book", "none", False),
        ("postgresql://localhost/book", "none", True),
        ("postgresql:///book?host=/run/postgresql", "none", True),
        ("postgresql://192.0.2.7/book", ["192.0.2.0/24"], True),
        ("postgresql://192.0.2.7/book", ["198.51.100.0/24"], False),
        ("postgresql://db.example.com/book", ["198.51.100.0/24"], True),
    ],
)
def test_a_sandbox_that_keeps_the_app_from_its_database_is_refused(url: str, outbound: Any, reached: bool) -> None:
    mine = elsewhere(sandbox={"outbound": outbound})
    if reached:
        assert composed(mine, env={"DATABASE_URL": url}).release.external
    else:
        with pytest.raises(ConfigError, match="does not let the app connect to the database that DATABASE_URL names"):
            composed(mine, env={"DATABASE_URL": url})
