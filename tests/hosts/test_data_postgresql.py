"""PostgreSQL on a server: set up once for all apps, each behind its own password, and nobody's password to be found."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from verifiers import exposure

from .conftest import BootHost
from .data_host import add_rows, ledger_project, rows
from .image import WARM_PACKAGES
from .machine import Host
from .product import Project, Result, eventually, visit

SHOP = "shop.example.com"


@dataclass(frozen=True)
class Two:
    """Two apps on one host, each with a database."""

    host: Host
    ledger: Project
    shop: Project
    deployed: Result


@pytest.fixture(scope="module")
def two(data_host: Host, ssh_environment: Mapping[str, str], tmp_path_factory: pytest.TempPathFactory) -> Two:
    ledger = ledger_project(
        tmp_path_factory.mktemp("ledger"), ssh_environment, data_host.name, server={"kind": "gunicorn"}
    )
    shop = ledger_project(tmp_path_factory.mktemp("shop"), ssh_environment, data_host.name, name="shop")
    deployed = ledger.deploy()
    shop.deploy()
    return Two(data_host, ledger, shop, deployed)


def url(host: Host, app: str) -> str:
    """The URL that an app was given."""
    lines = host.read_file(f"/srv/{app}/live/env").splitlines()
    (found,) = [line.partition("=")[2].strip("\"'") for line in lines if line.startswith("DATABASE_URL=")]
    return found


def password(host: Host, app: str) -> str:
    found = urlsplit(url(host, app)).password
    assert found
    return found


def psql(host: Host, statement: str, *, database: str = "postgres") -> str:
    """What PostgreSQL's owner hears."""
    return host.run(["su", "postgres", "-c", f'cd /; psql -Atc "{statement}" {database}']).stdout.strip()


def knock(host: Host, user: str, database: str, secret: str, *, login: str = "nobodyspecial", port: int = 5432) -> str:
    """What another user of the host hears who tries a password; "" where it lets them in."""
    environment = ["env", "-C", "/", f"PGPASSWORD={secret}"]
    command = [*environment, "psql", "-w", "-h", "/var/run/postgresql", "-p", str(port), "-U", user, "-d", database]
    command += ["-c", "SELECT 1"]
    done = host.run(["setpriv", f"--reuid={login}", "--clear-groups", "--", *command], check=False)
    return "" if done.returncode == 0 else done.stderr


def test_what_the_app_was_told_is_in_the_database(two: Two) -> None:
    numbers = add_rows(two.host, "first", "second")
    assert numbers == [1, 2]
    assert rows(two.host) == ["first", "second"]
    assert psql(two.host, "SELECT count(*) FROM rows_kept", database="ledger") == "2"
    add_rows(two.host, "of the shop", domain=SHOP)
    assert rows(two.host, domain=SHOP) == ["of the shop"]


def test_the_second_deployment_of_either_has_nothing_to_do(two: Two) -> None:
    for project in (two.ledger, two.shop):
        assert project.seawall("plan", "--exit-code").code == 0
        assert "nothing to do" in project.deploy().said.lower()


def test_the_settings_of_the_file_hold(two: Two) -> None:
    text = two.host.read_file("/etc/postgresql/15/main/conf.d/seawall.conf")
    wanted = dict(line.split(" = ") for line in text.splitlines() if line and not line.startswith("#"))
    assert {name: f"'{psql(two.host, f'SHOW {name}')}'" for name in wanted} == wanted
    assert psql(two.host, "SHOW data_checksums") == "on"
    assert psql(
        two.host, "SELECT pg_encoding_to_char(encoding), datcollate FROM pg_database WHERE datname = 'ledger'"
    ) == ("UTF8|C.UTF-8")


def test_it_listens_on_no_port(two: Two) -> None:
    assert ":5432" not in two.host.run(["ss", "-Hltn"]).stdout


def test_a_role_is_let_in_by_its_password_to_its_own_database_alone(two: Two) -> None:
    mine = password(two.host, "shop")
    assert knock(two.host, "shop", "shop", mine) == ""
    assert "password authentication failed" in knock(two.host, "shop", "shop", "guessed")
    assert "permission denied for database" in knock(two.host, "shop", "ledger", mine)
    assert "rejects connection" in knock(two.host, "shop", "postgres", mine)
    # Not even the app's own user of the system is let in without it, nor as somebody else.
    assert "no password supplied" in knock(two.host, "ledger", "ledger", "", login="ledger")
    assert "Peer authentication failed" in knock(two.host, "postgres", "postgres", "", login="ledger")


def test_a_role_may_do_nothing_but_log_in(two: Two) -> None:
    powers = "SELECT rolsuper, rolcreaterole, rolcreatedb, rolreplication, rolbypassrls FROM pg_roles"
    assert psql(two.host, f"{powers} WHERE rolname = 'ledger'") == "f|f|f|f|f"
    assert psql(two.host, "SELECT left(rolpassword, 14) FROM pg_authid WHERE rolname = 'ledger'") == "SCRAM-SHA-256$"


def test_the_password_is_where_it_must_be_and_nowhere_else(two: Two) -> None:
    secret = password(two.host, "ledger")
    assert len(secret) == 43
    plan = two.ledger.seawall("plan", "--json")
    assert secret not in two.deployed.said + plan.said
    assert secret not in (two.ledger.directory / "seawall.secrets").read_text()
    assert "DATABASE_PASSWORD" in two.ledger.seawall("secret", "list").out
    find = ["grep", "-rlF", "-e", secret, "/etc", "/srv", "/var/lib", "/var/log", "/run", "/tmp", "/home", "/root"]
    files = two.host.run(find, check=False).stdout.split()
    assert sorted(files) == [f"/srv/ledger/releases/{two.ledger.live()}/env", "/srv/ledger/state/database.env"]
    assert two.host.run(["stat", "-c", "%a %U", *files]).stdout.split("\n") == ["600 root", "600 root", ""]
    assert secret not in two.host.journal()
    assert secret not in two.host.run(["sh", "-c", "cat /proc/[0-9]*/cmdline"], check=False).stdout


def test_the_workers_leave_it_room(two: Two) -> None:
    terms = two.ledger.seawall("explain", "server").out
    assert "postgresql" in terms


def test_it_is_in_a_sandbox_and_comes_back_after_a_crash(two: Two) -> None:
    unit = "postgresql@15-main.service"
    assert exposure.scan(two.host, unit).level <= 4.0
    main = two.host.run(["systemctl", "show", "-P", "MainPID", unit]).stdout.strip()
    assert "NoNewPrivs:\t1" in two.host.read_file(f"/proc/{main}/status")
    two.host.run(["kill", "-9", main])
    eventually(lambda: visit(two.host, "/health", domain="ledger.example.com").status_code == 200, "PostgreSQL is back")
    assert two.host.run(["systemctl", "show", "-P", "MainPID", unit]).stdout.strip() != main


def test_a_password_that_a_failed_release_brought_is_taken_back_with_it(two: Two) -> None:
    before = password(two.host, "shop")
    two.shop.seawall("secret", "rotate", "DATABASE_PASSWORD", "--random")
    two.shop.edit("app.py", 'return "ok"', 'return "not well", 500')
    two.shop.configure(health={"timeout": 3})
    failed = two.shop.deploy(check=False)
    assert failed.code == 1
    assert "changed: until the switch the release before can open no new connections" in failed.said
    assert knock(two.host, "shop", "shop", before) == ""
    assert rows(two.host, domain=SHOP) == ["of the shop"]


def test_a_new_password_is_the_new_releases(two: Two) -> None:
    before = password(two.host, "shop")
    two.shop.edit("app.py", 'return "not well", 500', 'return "ok"')
    two.shop.deploy()
    assert password(two.host, "shop") != before
    assert "password authentication failed" in knock(two.host, "shop", "shop", before)
    assert rows(two.host, domain=SHOP) == ["of the shop"]
    assert two.shop.seawall("plan", "--exit-code").code == 0


def test_a_pool_shares_few_connections_among_many(two: Two) -> None:
    two.shop.write("requirements.txt", "flask\nsqlalchemy\npsycopg2-binary\n")
    two.shop.edit("app.py", "pool_pre_ping=True", "pool_size=60, pool_pre_ping=True")
    two.shop.configure(
        database={"pool": True, "scheme": "postgresql+psycopg2"}, server={"kind": "gunicorn", "threads": 60}
    )
    two.shop.deploy()
    assert "port=6432" in url(two.host, "shop")
    with ThreadPoolExecutor(60) as many:
        found = list(many.map(lambda _: rows(two.host, domain=SHOP), range(240)))
    assert found == [["of the shop"]] * 240
    of_shop = "SELECT count(*) FROM pg_stat_activity WHERE usename = 'shop'"
    assert 1 <= int(psql(two.host, of_shop)) <= 25
    assert two.shop.seawall("plan", "--exit-code").code == 0


def test_the_pool_lets_in_whom_the_server_lets_in(two: Two) -> None:
    mine = password(two.host, "shop")
    assert knock(two.host, "shop", "shop", mine, port=6432) == ""
    assert "authentication failed" in knock(two.host, "shop", "shop", "guessed", port=6432)
    assert "permission denied for database" in knock(two.host, "shop", "ledger", mine, port=6432)
    assert "rejects connection" in knock(two.host, "shop", "postgres", mine, port=6432)
    assert knock(two.host, "postgres", "postgres", "", port=6432) != ""
    assert exposure.scan(two.host, "pgbouncer.service").level <= 2.0
    assert ":6432" not in two.host.run(["ss", "-Hltn"]).stdout


def test_a_pool_that_nobody_wants_any_more_ends_and_no_visitor_notices(two: Two) -> None:
    two.shop.configure(database={"pool": False}, server={"threads": None})
    planned = two.shop.seawall("plan").said
    assert "service pgbouncer" in planned
    assert "/etc/pgbouncer/seawall.ini" in planned
    assert "it is restarted" not in planned  # the server has room for the connections that are no longer shared
    with ThreadPoolExecutor(1) as one:
        deploying = one.submit(two.shop.deploy)
        while not deploying.done():
            assert rows(two.host, domain=SHOP) == ["of the shop"]
        deploying.result()
    assert "port=6432" not in url(two.host, "shop")
    for question in ("is-active", "is-enabled"):
        assert two.host.run(["systemctl", question, "--quiet", "pgbouncer.service"], check=False).returncode != 0
    assert two.shop.seawall("plan", "--exit-code").code == 0


def test_a_database_of_somebody_else_is_not_taken(two: Two, tmp_path: Path, ssh_environment: Mapping[str, str]) -> None:
    psql(two.host, "CREATE DATABASE theirs")
    other = ledger_project(tmp_path, ssh_environment, two.host.name, name="other", database={"name": "theirs"})
    refused = other.seawall("plan", check=False)
    assert refused.code == 1
    assert "the database theirs is on this host's PostgreSQL already, and belongs to postgres" in refused.said


def test_an_app_that_is_removed_leaves_its_data_and_finds_it_again(two: Two) -> None:
    gone = two.shop.seawall("destroy", "--yes", "shop")
    assert "kept: the database shop (postgresql)" in gone.out
    assert psql(two.host, "SELECT word FROM rows_kept", database="shop") == "of the shop"
    assert rows(two.host) == ["first", "second"]
    assert two.ledger.seawall("plan", "--exit-code").code == 0
    two.shop.configure(release={"setup": ""})
    two.shop.deploy()
    assert rows(two.host, domain=SHOP) == ["of the shop"]


def test_with_its_data_the_database_that_it_once_had_goes_too_and_no_other(two: Two) -> None:
    two.shop.configure(database=None)
    two.shop.edit("app.py", 'os.environ["DATABASE_URL"]', '"sqlite://"')
    assert "the postgresql database shop stays on the host with all that is in it" in two.shop.seawall("plan").said
    two.shop.deploy()
    assert psql(two.host, "SELECT word FROM rows_kept", database="shop") == "of the shop"
    assert "stays on the host" not in two.shop.seawall("plan", "--exit-code").said
    two.shop.seawall("destroy", "--yes", "shop", "--with-data")
    assert psql(two.host, "SELECT datname FROM pg_database WHERE datname IN ('shop', 'ledger')") == "ledger"
    assert psql(two.host, "SELECT rolname FROM pg_roles WHERE rolname IN ('shop', 'ledger')") == "ledger"
    assert "shop" not in two.host.read_file("/etc/postgresql/15/main/pg_hba.conf")
    assert rows(two.host) == ["first", "second"]


def test_a_bare_host_gets_its_server_in_one_deployment(
    boot_host: BootHost, ssh_environment: Mapping[str, str], tmp_path: Path
) -> None:
    host = boot_host(suite="trixie", packages=WARM_PACKAGES)
    project = ledger_project(tmp_path, ssh_environment, host.name)
    assert "DATABASE_PASSWORD is made up" in project.seawall("plan").said
    assert not (project.directory / "seawall.secrets").exists()
    project.deploy()
    assert add_rows(host, "word") == [1]
    assert project.seawall("plan", "--exit-code").code == 0
    host.reboot()
    eventually(lambda: visit(host, "/health", domain="ledger.example.com").status_code == 200, "the app is back")
    assert rows(host) == ["word"]
