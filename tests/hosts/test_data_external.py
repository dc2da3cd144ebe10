"""A database that somebody else runs is asked by the server itself before a release starts."""

from collections.abc import Mapping
from dataclasses import dataclass

import pytest

from .data_host import add_rows, ledger_project, rows
from .machine import Host
from .product import Project, Result

SECRET = "heron-52-granite"
#: The two servers as their owners would set them up: both listen on 127.0.0.1 by Debian's defaults.
POSTGRESQL = f"""
CREATE ROLE app LOGIN PASSWORD '{SECRET}';
CREATE ROLE reader LOGIN PASSWORD '{SECRET}';
CREATE DATABASE book OWNER app;
"""
MARIADB = f"""
CREATE DATABASE book;
CREATE USER app@'%' IDENTIFIED BY '{SECRET}';
GRANT ALL ON book.* TO app@'%';
"""


@dataclass(frozen=True)
class Elsewhere:
    """An app, and servers of databases that are not seawall's."""

    host: Host
    project: Project

    def deploy(self, url: str, *, check: bool = True) -> Result:
        self.project.seawall("secret", "set", "DATABASE_URL", input=url)
        return self.project.deploy(check=check)

    def refused(self, url: str) -> str:
        done = self.deploy(url, check=False)
        assert done.code == 1
        assert "the new release was not started" in done.said
        assert SECRET not in done.said
        return done.said


@pytest.fixture(scope="module")
def elsewhere(
    data_host: Host, ssh_environment: Mapping[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Elsewhere:
    data_host.run(["systemctl", "start", "postgresql", "mariadb"])
    data_host.run(["su", "postgres", "-c", "cd /; psql -v ON_ERROR_STOP=1"], stdin=POSTGRESQL)
    data_host.run(["mariadb"], stdin=MARIADB)
    project = ledger_project(tmp_path_factory.mktemp("ledger"), ssh_environment, data_host.name)
    project.configure(database={"kind": "external", "scheme": None})
    return Elsewhere(data_host, project)


def test_without_its_url_there_is_no_plan(elsewhere: Elsewhere) -> None:
    refused = elsewhere.project.seawall("plan", check=False)
    assert refused.code == 2
    assert "seawall secret set DATABASE_URL" in refused.said


def test_a_database_that_is_not_there_is_found_out_before_the_release_starts(elsewhere: Elsewhere) -> None:
    assert "nothing listens at 127.0.0.1:5439" in elsewhere.refused(
        f"postgresql+psycopg://app:{SECRET}@127.0.0.1:5439/b"
    )
    assert "db.invalid is not known" in elsewhere.refused(f"postgresql+psycopg://app:{SECRET}@db.invalid/book")


def test_a_wrong_password_is_told_with_what_to_do(elsewhere: Elsewhere) -> None:
    said = elsewhere.refused("postgresql+psycopg://app:wrong-guess@127.0.0.1/book")
    assert "the database does not let the app in" in said
    assert "correct the user or the password in the URL" in said
    assert "wrong-guess" not in said
    said = elsewhere.refused("mysql+pymysql://app:wrong-guess@127.0.0.1/book")
    assert "correct the user or the password in the URL" in said


def test_rights_that_the_set_up_needs_are_asked_for(elsewhere: Elsewhere) -> None:
    said = elsewhere.refused(f"postgresql+psycopg://reader:{SECRET}@127.0.0.1/book")
    assert "the app's user may not make tables" in said


def test_encryption_that_is_asked_for_must_be_there(elsewhere: Elsewhere) -> None:
    switch = 'cd /; psql -qc "ALTER SYSTEM SET ssl = {}" -c "SELECT pg_reload_conf()"'
    url = f"postgresql+psycopg://app:{SECRET}@127.0.0.1/book?sslmode=require"
    elsewhere.host.run(["su", "postgres", "-c", switch.format("off")])
    try:
        assert "asks for encryption, and the database at 127.0.0.1:5432 has none" in elsewhere.refused(url)
    finally:
        elsewhere.host.run(["su", "postgres", "-c", switch.format("on")])
    assert "v" in elsewhere.deploy(url).said


def test_where_all_is_well_the_app_goes_online(elsewhere: Elsewhere) -> None:
    assert add_rows(elsewhere.host, "word") == [1]
    assert "nothing to do" in elsewhere.project.deploy().said.lower()


def test_another_server_is_another_release(elsewhere: Elsewhere) -> None:
    elsewhere.project.configure(release={"migrate": "python make_tables.py"})
    done = elsewhere.deploy(f"mysql+pymysql://app:{SECRET}@127.0.0.1/book")
    assert "database checked" in done.said
    assert rows(elsewhere.host) == []
    assert add_rows(elsewhere.host, "other") == [1]
