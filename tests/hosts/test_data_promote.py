"""A replica takes the primary's place while the app writes: no acknowledged row is lost, and the old one is fenced."""

import signal
from collections.abc import Mapping
from dataclasses import dataclass

import pytest

from .conftest import BootHost
from .data_host import DATA_PACKAGES, LEDGER, add_rows, at_rest, ledger_project, rows
from .image import WARM_PACKAGES
from .machine import Host
from .product import Project, Result, eventually
from .test_data_elsewhere import knock, psql, url
from .test_data_lost_host import Writer

#: The app wants the replica's URL wherever it runs.
READING = LEDGER.replace("VERSION =", 'READING = os.environ["DATABASE_REPLICA_URL"]\nVERSION =')
UNIT = "postgresql@15-main"


@dataclass(frozen=True)
class Site:
    """An app on ``web``; its database begins on ``one``, and ``two`` follows."""

    web: Host
    one: Host
    two: Host
    project: Project

    def promote(self, host: Host, *options: str, check: bool = True) -> Result:
        return self.project.seawall("database", "promote", host.name, *options, check=check)


@pytest.fixture(scope="module")
def site(
    boot_module_host: BootHost, ssh_environment: Mapping[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Site:
    one, two = (own_cluster(at_rest(boot_module_host(packages=DATA_PACKAGES))) for _ in range(2))
    web = boot_module_host(packages=WARM_PACKAGES)
    project = ledger_project(
        tmp_path_factory.mktemp("ledger"),
        ssh_environment,
        web.name,
        database={"host": one.name, "replica": two.name},
    )
    project.write("app.py", READING)
    project.deploy()
    return Site(web, one, two, project)


def own_cluster(host: Host) -> Host:
    """The host with a cluster on its own disk: the kernel moves no folder that an image shares (overlayfs)."""
    host.run(["systemctl", "stop", UNIT])
    eventually(lambda: not host.exists("/var/lib/postgresql/15/main/postmaster.pid"), "it is down")
    host.run(["pg_dropcluster", "15", "main"])
    host.run(["pg_createcluster", "15", "main", "--", "--data-checksums", "--no-sync"])
    return host


def recovers(host: Host) -> str:
    return psql(host, "SELECT pg_is_in_recovery()")


def test_it_is_shown_whole_before_anything_is_done(site: Site) -> None:
    before = (site.project.directory / "seawall.toml").read_text()
    said = site.promote(site.two, "--dry-run").out
    assert f"{site.two.name} becomes the primary of the database, in the place of {site.one.name}" in said
    assert f"{site.one.name} takes changes, and the replica is" in said
    assert "lost: nothing" in said
    assert f'+host = "{site.two.name}"' in said
    assert f'-replica = "{site.two.name}"' in said
    assert (site.project.directory / "seawall.toml").read_text() == before
    told = site.promote(site.two, "--dry-run", "--json").json
    assert (told["lossless"], told["reached"], told["promoted"]) == (True, True, False)
    assert recovers(site.two) == "t"


def test_what_would_lose_something_is_refused(site: Site) -> None:
    stranger = site.promote(site.web, "--yes", check=False)
    assert (stranger.code, "is no replica of the database" in stranger.said) == (2, True)
    there = site.promote(site.two, "--yes", "--primary-is-gone", check=False)
    assert (there.code, "is not gone: it is reached" in there.said) == (1, True)
    site.two.run(["systemctl", "stop", UNIT])
    down = site.promote(site.two, "--yes", check=False)
    assert (down.code, "does not run" in down.said) == (1, True)
    site.two.run(["systemctl", "start", UNIT])
    eventually(lambda: recovers(site.two) == "t", "it is up again")
    site.one.run(["systemctl", "kill", "--signal=KILL", UNIT])
    site.one.run(["systemctl", "stop", UNIT])
    crashed = site.promote(site.two, "--yes", check=False)
    assert (crashed.code, "did not end in order" in crashed.said) == (1, True)
    site.one.run(["systemctl", "start", UNIT])
    eventually(lambda: "behind" in site.project.seawall("status", check=False).out, "it follows again")


def test_cut_off_after_the_fence_it_goes_on_and_keeps_every_row_that_was_acknowledged(site: Site) -> None:
    writer = Writer(site.web)
    with writer.at_work():
        writer.wait_for(20)
        with site.project.start("database", "promote", site.two.name, "--yes") as begun:
            assert begun.stderr is not None
            assert any("is fenced: PostgreSQL is down" in line for line in begun.stderr)
            begun.send_signal(signal.SIGKILL)
        refused = site.project.deploy(check=False)
        assert (refused.code, "PostgreSQL on this host is fenced" in refused.said) == (1, True)
        done = site.promote(site.two, "--yes")
        writer.wait_for(5)
    assert f"{site.two.name} is the primary, with all that {site.one.name} had" in done.out
    assert set(writer.kept) <= set(rows(site.web))
    assert recovers(site.two) == "f"
    assert site.project.seawall("plan", "--exit-code").code == 0
    assert site.two.address in url(site.web)
    assert url(site.web, "DATABASE_REPLICA_URL") == url(site.web), "the app finds its variable all the same"


def test_the_old_primary_stays_down_whoever_starts_it(site: Site) -> None:
    site.one.reboot()
    assert psql_fails(site.one)
    site.one.run(["systemctl", "start", UNIT], check=False)
    assert psql_fails(site.one)
    by_hand = "/usr/lib/postgresql/15/bin/pg_ctl -D /var/lib/postgresql/15/main"
    options = "-o '-c config_file=/etc/postgresql/15/main/postgresql.conf'"
    site.one.run(["su", "postgres", "-c", f"cd /; {by_hand} {options} -l /tmp/log -w start"])
    assert recovers(site.one) == "t"
    site.one.run(["su", "postgres", "-c", f"cd /; {by_hand} -m fast stop"])


def test_a_file_and_a_release_that_have_not_heard_of_it_are_refused(site: Site) -> None:
    file = site.project.directory / "seawall.toml"
    now = file.read_text()
    site.project.configure(database={"host": site.one.name, "replica": site.two.name})
    stale = site.project.deploy(check=False)
    assert stale.code == 1
    assert f"`seawall database promote {site.two.name}` goes on where it stands" in stale.said
    assert psql_fails(site.one)
    file.write_text(now)
    back = site.project.seawall("rollback", check=False)
    assert (back.code, f"leads to {site.one.name}, whose place {site.two.name} took" in back.said) == (1, True)
    again = site.promote(site.two, "--yes")
    assert "Nothing to do" in again.said


def test_the_old_primary_comes_back_as_a_replica_with_what_it_held_put_aside(site: Site) -> None:
    site.project.configure(database={"replica": site.one.name})
    plan = site.project.seawall("plan").said
    assert "what it held as the primary is kept in /var/lib/postgresql/15/main.fenced" in plan
    site.project.deploy()
    add_rows(site.web, "after the promotion")
    eventually(lambda: "after the promotion" in psql(site.one, "SELECT word FROM rows_kept"), "it has the row")
    assert recovers(site.one) == "t"
    assert site.one.exists("/var/lib/postgresql/15/main.fenced/PG_VERSION")
    assert knock(site.web, url(site.web, "DATABASE_REPLICA_URL")) == ""
    assert site.project.seawall("plan", "--exit-code").code == 0
    assert site.project.seawall("status", check=False).out.count("behind") == 2
    site.one.reboot()
    eventually(lambda: not psql_fails(site.one), "it comes up at boot again")


def test_a_primary_that_is_gone_is_replaced_only_by_somebodys_word_and_nobody_goes_back_to_it(site: Site) -> None:
    eventually(lambda: site.project.seawall("status", check=False).out.count("behind") == 2, "it follows")
    kept, before = rows(site.web), url(site.web)
    site.two.run(["systemctl", "stop", "ssh"])
    there = site.promote(site.one, "--yes", "--primary-is-gone", check=False)
    assert (there.code, f"{site.one.name} receives its changes at this moment" in there.said) == (1, True)
    site.two.kill_power()
    unsaid = site.promote(site.one, "--yes", check=False)
    assert (unsaid.code, "so it cannot be fenced" in unsaid.said) == (1, True)
    done = site.promote(site.one, "--yes", "--primary-is-gone")
    assert f"{site.two.name} is not fenced: nobody may write to it, should it come back" in done.out
    assert rows(site.web) == kept
    add_rows(site.web, "without the old one")

    site.two.boot()
    eventually(lambda: not psql_fails(site.two), "it is back, and takes changes")
    assert recovers(site.two) == "f"
    assert "certificate verify failed" in knock(site.web, before), "the app's hosts do not trust it"
    status = site.project.seawall("status", check=False)
    assert status.code == 1
    assert f"{site.two.name}, whose place it took, answers at {site.two.address} again" in status.out
    file = site.project.directory / "seawall.toml"
    now = file.read_text()
    site.project.configure(database={"host": site.two.name})
    stale = site.project.deploy(check=False)
    assert (stale.code, f"has lost its place to {site.one.name}" in stale.said) == (2, True)
    file.write_text(now)
    site.promote(site.one, "--yes")
    assert psql_fails(site.two)
    assert "without the old one" in rows(site.web)
    assert site.project.seawall("status", check=False).out.count("answers") >= 1


def psql_fails(host: Host) -> bool:
    return host.run(["su", "postgres", "-c", "cd /; psql -Atc 'SELECT 1'"], check=False).returncode != 0
