"""The bad day, as a person has it: rows and files come back, what was there is kept, and drills tell what is proven."""

import json
import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from .data_host import add_rows, ledger_project, rows
from .machine import Host
from .product import Project

BASE = "/srv/ledger"
REPOSITORY = "/var/backups/ledger"
#: Turns one bit of a file around.
FLIP = """
import sys
with open(sys.argv[1], "r+b") as file:
    file.seek(500)
    byte = file.read(1)[0]
    file.seek(500)
    file.write(bytes([byte ^ 1]))
"""
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


#: The statements of the guide for a single table.
(GUIDE,) = re.findall(
    r"```sql\n(.*?)```", (Path(__file__).parents[2] / "docs/guides/restoring.md").read_text(), re.DOTALL
)
#: What somebody who has broken into the app could leave: with more rights than the app's it writes a file.
HOSTILE = """
CREATE FUNCTION seize() RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN
    PERFORM set_config('role', 'none', false);
    EXECUTE $seize$COPY (SELECT 1) TO PROGRAM 'touch /var/lib/postgresql/seized'$seize$;
    RETURN true;
EXCEPTION WHEN OTHERS THEN RETURN true; END $$;
CREATE TABLE hostile (word text CHECK (public.seize()));
CREATE FUNCTION told(hostile) RETURNS text LANGUAGE sql AS $$ SELECT public.seize()::text $$;
CREATE CAST (hostile AS text) WITH FUNCTION told(hostile);
INSERT INTO hostile VALUES ('one');
"""


@pytest.fixture(scope="module")
def host(data_host: Host) -> Host:
    return data_host


@pytest.fixture(scope="module")
def project(host: Host, tmp_path_factory: pytest.TempPathFactory, ssh_environment: Mapping[str, str]) -> Project:
    """The app online, with two rows and a file in its backup."""
    settings = {"backup": {"repository": REPOSITORY}, "redis": {"enabled": True}, "health": {"timeout": 5}}
    made = ledger_project(tmp_path_factory.mktemp("ledger"), ssh_environment, f"root@{host.name}", **settings)
    made.edit(
        "app.py", '    return "ok"', '    return "ok" if not os.path.exists("/srv/ledger/data/sick") else ("sick", 500)'
    )
    made.write("check_data.py", CHECK)
    made.deploy()
    add_rows(host, "one", "two")
    write_file(host, "photo", "a photo")
    redis(host, "SET", "word", "one")
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


def redis(host: Host, *words: str) -> str:
    return host.run(["redis-cli", "-s", "/run/seawall-redis-ledger/redis.sock", *words]).stdout.strip()


def spoil(host: Host) -> None:
    """Rows and files that are not in the backup, and none of those that are."""
    sql(host, "ledger", "DELETE FROM rows_kept")
    add_rows(host, "three")
    write_file(host, "photo", "another photo")
    write_file(host, "new", "new")
    redis(host, "SET", "word", "three")


def packs(host: Host) -> list[str]:
    return host.run(["find", f"{REPOSITORY}/data", "-type", "f", "-size", "+1k"]).stdout.split()


def left(host: Host) -> list[str]:
    """Whatever a restore or a drill was to remove."""
    scratch = [name for name in databases(host) if "_restore_" in name or "_drill_" in name]
    names = ["-name", "*.scratch", "-o", "-name", "*.rdb", "-o", "-name", "exchange.json"]
    return scratch + host.run(["find", f"{BASE}/state/data", *names]).stdout.split()


def test_a_restore_needs_to_be_told_to_go_over_data(project: Project, host: Host) -> None:
    result = project.seawall("restore", "--yes", check=False)
    assert result.code == 1
    assert "database ledger and Redis and /srv/ledger/data are not empty" in result.said
    assert rows(host) == ["one", "two"]


def test_the_newest_backup_takes_the_place_of_the_live_data_and_the_app_runs_on_it(
    project: Project, host: Host
) -> None:
    spoil(host)
    done = project.seawall("restore", "--replace", "--yes", "--json").json
    assert rows(host) == ["one", "two"]
    assert host.read_file(f"{BASE}/data/photo") == "a photo"
    assert not host.exists(f"{BASE}/data/new")
    assert redis(host, "GET", "word") == "one"
    assert sql(host, done["kept_database"], "SELECT word FROM rows_kept") == ["three"]
    assert host.read_file(f"{done['folders'][f'{BASE}/data']}/new") == "new"
    assert host.exists(done["kept_redis"])
    assert host.run(["stat", "-c", "%U", f"{BASE}/data/photo"]).stdout == "ledger\n"
    assert databases(host) == ["ledger", done["kept_database"]]
    (found,) = project.seawall("database", "list", "--json").json["hosts"]
    kept = [one["name"] for one in found["kept"]]
    assert sorted(kept) == sorted([done["kept_database"], done["kept_redis"], *done["folders"].values()])
    assert max(one["until"] for one in found["kept"]) == done["until"]
    assert all(one["bytes"] for one in [found, *found["kept"]])
    assert project.seawall("database", "drop", "ledger", "--yes", check=False).code == 2
    for name in kept:
        project.seawall("database", "drop", name, "--yes")
    assert databases(host) == ["ledger"]
    assert host.run(["find", BASE, "-maxdepth", "1", "-name", "*_before_*"]).stdout == ""
    assert left(host) == []
    assert not host.exists(f"{BASE}/maintenance")
    assert add_rows(host, "four")
    assert project.seawall("plan", "--exit-code").code == 0, "a restored database is what the plan wants"


def test_a_table_and_other_places_leave_the_live_data_alone(project: Project, host: Host) -> None:
    spoil(host)
    project.seawall("restore", "--table", "rows_kept", "--yes")
    assert sql(host, "ledger", "SELECT word FROM rows_kept_restored ORDER BY id") == ["one", "two"]
    project.seawall("restore", "--to", "yesterday", "--yes")
    assert sql(host, "yesterday", "SELECT word FROM rows_kept ORDER BY id") == ["one", "two"]
    project.seawall("restore", "--to", "/root/look", "--yes")
    assert host.read_file(f"/root/look{BASE}/data/photo") == "a photo"
    assert host.run(["pg_restore", "--list", "/root/look/database.dump"]).stdout
    assert rows(host) == ["three"]
    assert host.read_file(f"{BASE}/data/new") == "new"
    assert left(host) == []
    for statement in GUIDE.replace("orders", "rows_kept").split(";"):
        sql(host, "ledger", statement)
    assert rows(host) == ["one", "two", "three"]
    project.seawall("database", "drop", "yesterday", "--yes")
    assert sql(host, "postgres", "SELECT datname FROM pg_database WHERE datname = 'yesterday'") == []


def test_a_restore_that_is_killed_leaves_the_live_data_and_the_next_one_tidies_up(project: Project, host: Host) -> None:
    spoil(host)
    begun = project.start("restore", "--replace", "--yes")
    assert begun.stderr is not None
    assert any("restoring the database" in line for line in begun.stderr)
    host.run(["sh", "-c", "kill -9 $(pgrep -f '^python3 -I -X utf8')"])
    begun.communicate()
    assert begun.returncode == 4
    assert rows(host) == ["three"]
    project.seawall("restore", "--replace", "--yes")
    assert rows(host) == ["one", "two"]
    assert left(host) == []


def test_a_restore_that_ends_while_data_changes_places_is_told_and_healed_by_the_next_deployment(
    project: Project, host: Host
) -> None:
    live, aside = f"{BASE}/data/photo", f"{BASE}/photo_before"
    sql(host, "postgres", "CREATE DATABASE ledger_restore_20261128_010203")
    noted = {"moves": [[live, aside]], "scratch": "ledger_restore_20261128_010203", "live": "v1", "maintenance": False}
    host.write_file(f"{BASE}/state/data/exchange.json", json.dumps(noted))
    host.run(["mv", live, aside])
    host.run(["touch", f"{BASE}/maintenance"])
    host.run(["systemctl", "stop", "seawall-ledger@v1.socket", "seawall-ledger@v1.service", "seawall-redis-ledger"])
    told = project.seawall("status", check=False)
    assert told.code == 1
    assert "an earlier restore was cut off while data changed places; the next deploy takes care of it" in told.said
    assert "Redis does not run: it ended" in told.said
    assert "the next deploy takes care of it" in project.seawall("plan").said
    host.run(["systemctl", "start", "seawall-redis-ledger"])
    assert "an earlier restore, cut off, was undone" in project.deploy().said
    assert host.read_file(live) == "a photo"
    assert rows(host) == ["one", "two"]
    assert not host.exists(f"{BASE}/maintenance")
    said = project.seawall("status", check=False).said
    assert "cut off" not in said
    assert "does not run" not in said


def test_what_an_app_has_put_into_its_database_gets_no_more_rights_by_backups_drills_and_restores(
    project: Project, host: Host
) -> None:
    environment = host.read_file(f"{BASE}/live/env")
    (secret,) = re.findall(r"://ledger:([^@]+)@", environment)
    login = ["env", f"PGPASSWORD={secret}", "psql", "-XqAt", "-h", "/var/run/postgresql", "-U", "ledger", "ledger"]
    host.run([*login, "-v", "ON_ERROR_STOP=1"], stdin=HOSTILE)
    project.seawall("backup", "now")
    project.seawall("drill")
    project.seawall("restore", "--replace", "--yes")
    project.seawall("restore", "--table", "hostile", "--yes")
    assert sql(host, "ledger", "SELECT word FROM hostile_restored") == ["one"]
    assert not host.exists("/var/lib/postgresql/seized")
    host.run(login, stdin="DROP TABLE hostile CASCADE; DROP TABLE hostile_restored; DROP FUNCTION seize")
    project.seawall("backup", "now")


def test_a_drill_proves_the_newest_backup_with_the_apps_own_check(project: Project, host: Host) -> None:
    project.configure(drill={"command": "python check_data.py"})
    project.deploy()
    project.seawall("restore", "--replace", "--yes")
    kept, old = databases(host)[-1], "ledger_before_20260101_120000"
    sql(host, "postgres", f"ALTER DATABASE {kept} RENAME TO {old}")
    result = project.seawall("drill", "--json")
    assert f"{old}, kept since 2026-01-01T12:00:00Z, is removed" in result.said
    assert old not in databases(host)
    assert (result.json["tables"], result.json["rows"], result.json["command"]) == (1, 2, "python check_data.py")
    assert project.seawall("backup", "list", "--json").json["backups"][-1]["proven"]
    host.run(["systemctl", "start", "seawall-drill-ledger.service"])
    journal = host.run(["journalctl", "-u", "seawall-drill-ledger.service", "-o", "cat"]).stdout
    assert "the app's own check of it has passed" in journal
    assert "what Redis held is what was backed up: 1 keys" in journal
    runs = host.read_file(f"{BASE}/state/data/record.jsonl").splitlines()
    assert [json.loads(line)["ok"] for line in runs if '"drill"' in line][-2:] == [True, True]
    assert left(host) == []


def test_a_check_of_the_app_that_fails_proves_nothing_and_touches_nothing(project: Project, host: Host) -> None:
    spoil(host)
    project.seawall("backup", "now")
    result = project.seawall("drill", check=False)
    assert result.code == 4
    assert "AssertionError: ['three']" in result.said
    assert rows(host) == ["three"]
    assert project.seawall("status", check=False).code == 1
    assert left(host) == []


def test_data_that_the_app_does_not_come_up_on_is_taken_back(project: Project, host: Host) -> None:
    write_file(host, "sick", "")
    project.seawall("backup", "now")
    host.run(["rm", f"{BASE}/data/sick"])
    add_rows(host, "four")
    redis(host, "SET", "word", "four")
    before = databases(host)
    result = project.seawall("restore", "--replace", "--yes", check=False)
    assert result.code == 1
    assert "the data of before is live again" in result.said
    assert rows(host) == ["three", "four"]
    assert redis(host, "GET", "word") == "four"
    assert not host.exists(f"{BASE}/data/sick")
    assert databases(host) == before
    assert left(host) == []


def test_flipped_bytes_in_the_repository_fail_the_drill_and_the_restore_loudly(project: Project, host: Host) -> None:
    for pack in packs(host):
        host.run(["python3", "-c", FLIP, pack])
    result = project.seawall("drill", check=False)
    assert result.code != 0
    assert "the repository is damaged" in result.said
    assert REPOSITORY in result.said
    restored = project.seawall("restore", "--replace", "--yes", check=False)
    assert restored.code != 0
    assert rows(host) == ["three", "four"]
    assert left(host) == []
