"""The bad day, as a person has it: rows and files come back, what was there is kept, and drills tell what is proven."""

from collections.abc import Mapping

import pytest

from .conftest import BootHost
from .data_host import DATA_PACKAGES, add_rows, at_rest, ledger_project, rows
from .machine import Host
from .product import Project

BASE = "/srv/ledger"
REPOSITORY = "/var/backups/ledger"
#: The app's own check of a restored database: it is led there by its variable, and knows what must be in it.
CHECK = '''\
"""Fails unless the first row is there."""

import os

from app import app

with app.test_client() as client:
    words = client.get("/rows").text.splitlines()
print(os.environ["DATABASE_URL"].split("@")[1])
assert words[0] == "one", words
'''


@pytest.fixture(scope="module")
def host(boot_module_host: BootHost) -> Host:
    return at_rest(boot_module_host(packages=DATA_PACKAGES))


@pytest.fixture(scope="module")
def project(host: Host, tmp_path_factory: pytest.TempPathFactory, ssh_environment: Mapping[str, str]) -> Project:
    """The app online, with two rows and a file in its backup."""
    made = ledger_project(
        tmp_path_factory.mktemp("ledger"), ssh_environment, f"root@{host.name}", backup={"repository": REPOSITORY}
    )
    made.write("check_data.py", CHECK)
    made.deploy()
    add_rows(host, "one", "two")
    write_file(host, "photo", "a photo")
    made.seawall("backup", "now")
    return made


def write_file(host: Host, name: str, content: str) -> None:
    host.run(
        ["setpriv", "--reuid=ledger", "--regid=ledger", "--clear-groups", "tee", f"{BASE}/data/{name}"], stdin=content
    )


def sql(host: Host, database: str, query: str) -> list[str]:
    as_postgres = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]
    return host.run([*as_postgres, "psql", "-XqAt", database, "-c", query]).stdout.split()


def databases(host: Host) -> list[str]:
    return sql(host, "postgres", "SELECT datname FROM pg_database WHERE datname LIKE 'ledger%' ORDER BY 1")


def spoil(host: Host) -> None:
    """Rows and files that are not in the backup, and none of those that are."""
    sql(host, "ledger", "DELETE FROM rows_kept")
    add_rows(host, "three")
    write_file(host, "photo", "another photo")
    write_file(host, "new", "new")


def test_a_restore_needs_to_be_told_to_go_over_data(project: Project, host: Host) -> None:
    result = project.seawall("restore", "--yes", check=False)
    assert result.code == 1
    assert "database ledger and /srv/ledger/data are not empty" in result.said
    assert rows(host) == ["one", "two"]


def test_the_newest_backup_takes_the_place_of_the_live_data_and_the_app_runs_on_it(
    project: Project, host: Host
) -> None:
    spoil(host)
    done = project.seawall("restore", "--replace", "--yes", "--json").json
    assert rows(host) == ["one", "two"]
    assert host.read_file(f"{BASE}/data/photo") == "a photo"
    assert not host.exists(f"{BASE}/data/new")
    assert sql(host, done["kept_database"], "SELECT word FROM rows_kept") == ["three"]
    assert host.read_file(f"{done['folders'][f'{BASE}/data']}/new") == "new"
    assert host.run(["stat", "-c", "%U %a", f"{BASE}/data/photo"]).stdout.split()[0] == "ledger"
    assert databases(host) == ["ledger", done["kept_database"]]
    assert not host.exists(f"{BASE}/state/data/restore.scratch")
    assert not host.exists(f"{BASE}/maintenance")
    assert add_rows(host, "four")
    assert project.seawall("plan", "--exit-code").code == 0, "a restored database is what the plan wants"
