"""What the host holds for an app's data, and what the app and the jobs are told of it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from seawall.agent.data.vocabulary import Data, Database, data_from_wire
from seawall.agent.vocabulary import File, Package
from seawall.config.model import Project
from seawall.errors import ConfigError
from seawall.stack.compose import resources_for
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
        Database("postgresql", "guestbook", "guestbook", socket="/var/run/postgresql", connections=60),
        folders=("/srv/guestbook/data",),
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
