"""PostgreSQL on a host of its own: who reaches it, how, and that an app on one or two others runs against it."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from .conftest import BootHost
from .data_host import DATA_PACKAGES, add_rows, at_rest, ledger_project, rows
from .image import WARM_PACKAGES
from .machine import Host
from .product import Project, Result, eventually

MIGRATE = '''\
"""Counts how often it is run."""

from sqlalchemy import text

from app import engine

with engine.begin() as connection:
    connection.execute(text("CREATE TABLE IF NOT EXISTS migrations (number serial)"))
    connection.execute(text("INSERT INTO migrations DEFAULT VALUES"))
'''


@dataclass(frozen=True)
class Site:
    """An app on ``web``, its database on ``db``; ``other`` is nobody yet."""

    db: Host
    web: Host
    other: Host
    project: Project
    plan: Result


@pytest.fixture(scope="module")
def site(
    boot_module_host: BootHost, ssh_environment: Mapping[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Site:
    db = at_rest(boot_module_host(packages=DATA_PACKAGES))
    web, other = boot_module_host(packages=WARM_PACKAGES), boot_module_host(packages=WARM_PACKAGES)
    db.run(["apt-get", "install", "-qq", "--no-install-recommends", "ufw"])
    db.run(["sh", "-c", "ufw allow 22/tcp && ufw --force enable"])
    project = ledger_project(
        tmp_path_factory.mktemp("ledger"),
        ssh_environment,
        web.name,
        database={"host": db.name},
        backup={"repository": "/var/backups/ledger"},
        release={"migrate": "python migrate.py"},
    )
    project.write("migrate.py", MIGRATE)
    plan = project.seawall("plan")
    project.deploy()
    return Site(db, web, other, project, plan)


def psql(host: Host, statement: str) -> str:
    """What PostgreSQL's owner hears of the app's database."""
    return host.run(["su", "postgres", "-c", f'cd /; psql -Atc "{statement}" ledger']).stdout.strip()


def url(host: Host, variable: str = "DATABASE_URL") -> str:
    """The URL that the app was given, as libpq takes it."""
    lines = host.read_file("/srv/ledger/live/env").splitlines()
    (found,) = [line.partition("=")[2].strip("\"'") for line in lines if line.startswith(f"{variable}=")]
    return found.replace("+psycopg", "")


def knock(host: Host, address: str, statement: str = "SELECT 1") -> str:
    """What a host hears that tries a URL with the app's own driver; "" where it is let in."""
    program = f"import psycopg; psycopg.connect({address!r}, connect_timeout=3).execute({statement!r})"
    done = host.run(["/srv/ledger/live/venv/bin/python", "-c", program], check=False)
    return "" if done.returncode == 0 else done.stderr


def standing(site: Site) -> dict[str, str]:
    """What `seawall status` says is wrong with each host of the database's, by its role."""
    found = site.project.seawall("status", "--json", check=False).json["hosts"]
    return {one["database"]["role"]: one["database"]["fault"] for one in found if one["database"]}


def test_the_plan_shows_who_will_reach_it_and_how(site: Site) -> None:
    said = site.plan.said
    assert f'+hostssl "ledger" "ledger" {site.web.address}/32 scram-sha-256' in said
    assert '+host all "ledger" all reject' in said
    assert f"+listen_addresses = '{site.db.address}'" in said
    assert f"+allow from {site.web.address} to {site.db.address} port 5432 proto tcp" in said
    assert "with its key in /etc/postgresql/15/main/seawall.key (secret)" in said
    assert "BEGIN PRIVATE KEY" not in said
    assert said.index(f"\n{site.db.name}\n" if not said.startswith(site.db.name) else site.db.name) < said.index(
        f"\n{site.web.name}\n"
    ), "the database comes first"


def test_the_app_runs_on_one_host_and_its_database_on_the_other(site: Site) -> None:
    assert add_rows(site.web, "first") == [1]
    assert psql(site.db, "SELECT word FROM rows_kept") == "first"
    assert site.web.run(["dpkg-query", "-W", "postgresql"], check=False).returncode != 0
    assert not site.db.exists("/srv/ledger/releases")
    assert (
        psql(site.db, "SELECT DISTINCT ssl FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE usename = 'ledger'")
        == "t"
    )
    assert site.project.seawall("plan", "--exit-code").code == 0
    status = site.project.seawall("status", "--json", check=False).json
    assert [one["host"] for one in status["hosts"]] == [site.web.name, site.db.name]
    listening = site.db.run(["sh", "-c", "ss -Hltn | awk '{print $4}' | grep :5432"]).stdout.split()
    assert listening == [f"{site.db.address}:5432"]


def test_it_knows_its_database_by_the_certificate_and_says_nothing_in_the_clear(site: Site) -> None:
    mine = url(site.web)
    assert "sslmode=verify-ca&sslrootcert=/srv/ledger/database.crt" in mine
    assert knock(site.web, mine) == ""
    assert "certificate verify failed" in knock(
        site.web, mine.replace("/srv/ledger/database.crt", "/etc/ssl/certs/ca-certificates.crt")
    )
    assert "rejects connection" in knock(site.web, mine.partition("?")[0] + "?sslmode=disable")
    guessed = mine.replace(urlsplit(mine).password or "", "guessed")
    assert "password authentication failed" in knock(site.web, guessed)
    key = site.db.run(["stat", "-c", "%a %U", "/etc/postgresql/15/main/seawall.key"]).stdout.strip()
    assert key == "600 postgres"
    assert "BEGIN CERTIFICATE" in site.web.read_file("/srv/ledger/database.crt")


def test_a_second_host_joins_and_migrations_ran_once_for_each_release(site: Site) -> None:
    before = int(psql(site.db, "SELECT count(*) FROM migrations"))
    site.project.configure(hosts=[site.web.name, site.other.name])
    site.project.edit("app.py", 'VERSION = "one"', 'VERSION = "two"')
    said = site.project.deploy().said
    assert "the database was saved before the migration: snapshot v2" in said
    assert int(psql(site.db, "SELECT count(*) FROM migrations")) == before + 1
    assert rows(site.other) == ["first"]
    add_rows(site.other, "second")
    assert rows(site.web) == ["first", "second"]
    assert site.project.seawall("plan", "--exit-code").code == 0
    # One host alone may be deployed without the other's losing its way in.
    alone = site.project.seawall("plan", "--exit-code", "--host", site.web.name)
    assert alone.code == 0


def test_a_host_that_leaves_and_a_stranger_are_turned_away(site: Site) -> None:
    site.project.configure(hosts=[site.web.name])
    site.project.deploy()
    mine = url(site.other)
    assert rows(site.web) == ["first", "second"]
    assert "timeout" in knock(site.other, mine), "the firewall does not even answer"
    site.db.run(["ufw", "disable"])
    assert "pg_hba.conf rejects connection" in knock(site.other, mine)
    site.db.run(["ufw", "--force", "enable"])
    assert knock(site.web, mine) == ""


def test_a_release_that_cannot_reach_its_database_is_not_started(site: Site) -> None:
    site.db.run(["ufw", "insert", "1", "deny", "from", site.web.address, "to", "any", "port", "5432"])
    site.project.edit("app.py", 'VERSION = "two"', 'VERSION = "three"')
    failed = site.project.deploy(check=False)
    site.db.run(["ufw", "delete", "deny", "from", site.web.address, "to", "any", "port", "5432"])
    assert failed.code == 1
    assert f"{site.db.address}:5432 does not answer" in failed.said
    assert rows(site.web) == ["first", "second"]


def test_a_replica_follows_can_be_read_and_is_red_when_it_does_not(site: Site) -> None:
    site.project.configure(hosts=[site.web.name, site.other.name])
    site.project.seawall("destroy", "--yes", "ledger", "--host", site.other.name)
    site.project.configure(hosts=[site.web.name], database={"replica": site.other.name})
    plan = site.project.seawall("plan").said
    assert f'+hostssl replication "seawall-replica-ledger" {site.other.address}/32 scram-sha-256' in plan
    assert "a copy of all that the primary holds, which follows it by the slot seawall_ledger" in plan
    site.project.deploy()
    add_rows(site.web, "replicated")
    eventually(lambda: "replicated" in psql(site.other, "SELECT word FROM rows_kept"), "the replica has the row")
    there = url(site.web, "DATABASE_REPLICA_URL")
    assert knock(site.web, there, "SELECT word FROM rows_kept") == ""
    assert "read-only transaction" in knock(site.web, there, "DELETE FROM rows_kept")
    assert site.project.seawall("plan", "--exit-code").code == 0
    assert standing(site) == {"primary": "", "replica": ""}
    assert "behind" in site.project.seawall("status", check=False).out
    site.other.run(["systemctl", "stop", "postgresql@15-main"])
    eventually(lambda: standing(site)["primary"] == "its replica does not follow it", "the primary says so")
    assert standing(site)["replica"] != ""
    site.other.run(["systemctl", "start", "postgresql@15-main"])
    eventually(lambda: standing(site) == {"primary": "", "replica": ""}, "it follows again")


def test_backups_drills_and_restores_are_made_where_the_database_is(site: Site) -> None:
    made = site.project.seawall("backup", "now", "--json").json["hosts"]
    assert [(one["host"], one["tables"]) for one in made] == [(site.web.name, 0), (site.db.name, 2)]
    site.db.run(["systemctl", "start", "seawall-backup-ledger.service"])
    proven = site.project.seawall("drill", "--json").json
    assert (proven["host"], proven["tables"]) == (site.db.name, 2)
    before = rows(site.web)
    add_rows(site.web, "after the backup")
    restored = site.project.seawall("restore", "--replace", "--yes", "--json").json
    assert restored["host"] == site.db.name
    assert rows(site.web) == before
    eventually(lambda: psql(site.other, "SELECT word FROM rows_kept").splitlines() == before, "on the replica too")
    site.project.seawall("restore", "--snapshot", "v2", "--yes")
    assert rows(site.web) == ["first"]


def test_an_app_that_is_removed_leaves_its_database_and_no_way_in(site: Site, tmp_path: Path) -> None:
    gone = site.project.seawall("destroy", "--yes", "ledger", "--json").json["hosts"]
    assert [one["host"] for one in gone] == [site.web.name, site.db.name, site.other.name]
    assert "the database ledger (postgresql)" in gone[1]["kept"]
    assert psql(site.db, "SELECT word FROM rows_kept") == "first"
    assert "hostssl" not in "".join(
        line for line in site.db.read_file("/etc/postgresql/15/main/pg_hba.conf").splitlines() if line[:1] != "#"
    )
    assert "5432" not in site.db.run(["ufw", "show", "added"]).stdout
    site.project.deploy()
    assert rows(site.web) == ["first"], "deployed anew, the app finds it again"
