"""Point-in-time recovery of a real PostgreSQL: to a moment, and, with the server dead, to the end of the archive."""

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from .conftest import BootHost
from .data_host import DATA_PACKAGES, add_rows, at_rest, ledger_project, rows
from .lab import Lab
from .machine import Host
from .product import Project
from .vault import BUCKET, KEY, KEY_ID, NAME, Vault, open_vault

STORE = "/var/backups/ledger"


@dataclass
class Kept:
    host: Host
    project: Project

    def moment(self) -> str:
        """Now, by the server's clock, with a moment of nothing before and after it."""
        time.sleep(1.5)
        found = self.host.run(["date", "-u", "+%Y-%m-%d %H:%M:%S"]).stdout.strip()
        time.sleep(1.5)
        return found

    def words(self, database: str) -> list[str]:
        """The words in a database, in the order in which they came."""
        asking = ["psql", "-qtA", database, "-c", "SELECT word FROM rows_kept ORDER BY id"]
        return self.host.run(["env", "--chdir=/", "runuser", "-u", "postgres", "--", *asking]).stdout.splitlines()


@pytest.fixture(scope="module")
def vault(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Vault]:
    with open_vault(f"{lab.network.prefix}.1", tmp_path_factory.mktemp("vault")) as vault:
        yield vault


@pytest.fixture(scope="module")
def kept(
    boot_module_host: BootHost, ssh_environment: Mapping[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Kept:
    """An app with rows, a backup, and rows since."""
    return kept_on(boot_module_host(packages=DATA_PACKAGES), tmp_path_factory.mktemp("pitr"), ssh_environment)


def kept_on(host: Host, directory: Path, ssh_environment: Mapping[str, str]) -> Kept:
    backup = {"repository": STORE, "pitr": True}
    project = ledger_project(directory, ssh_environment, at_rest(host).name, backup=backup)
    project.deploy()
    add_rows(host, "before the backup")
    project.seawall("backup", "now")
    return Kept(host, project)


def test_the_database_comes_back_as_it_was_at_a_moment_and_what_was_live_is_kept(kept: Kept) -> None:
    add_rows(kept.host, "after the backup")
    moment = kept.moment()
    add_rows(kept.host, "after the moment")
    done = kept.project.seawall("restore", "--at", moment, "--replace", "--yes")
    assert rows(kept.host) == ["before the backup", "after the backup"]
    assert "the database of before is kept: ledger_before_" in done.out
    assert not kept.host.exists("/var/lib/postgresql/seawall-recovery-ledger")
    assert kept.host.run(["pgrep", "-fc", "seawall-recovery"], check=False).stdout == "0\n"


def test_what_is_not_in_the_archive_is_refused_and_nothing_is_changed(kept: Kept) -> None:
    before = rows(kept.host)
    late = kept.project.seawall("restore", "--at", "2037-01-01 00:00", "--replace", "--yes", check=False)
    assert "the archive ends before 2037-01-01 00:00" in late.said, late.said
    assert late.code == 1
    wrong = kept.project.seawall("restore", "--at", "yesterday", "--replace", "--yes", check=False)
    assert "'yesterday' is no moment" in wrong.said
    early = kept.project.seawall("restore", "--at", "2001-01-01 00:00", "--replace", "--yes", check=False)
    assert early.code == 1
    assert rows(kept.host) == before


def test_a_server_that_is_destroyed_comes_back_to_the_last_change_that_was_archived(kept: Kept) -> None:
    add_rows(kept.host, "the last one archived")
    kept.host.run(["env", "--chdir=/", "runuser", "-u", "postgres", "--", "psql", "-qc", "SELECT pg_switch_wal()"])
    time.sleep(5)
    kept.host.run(["systemctl", "kill", "--signal=KILL", "postgresql@15-main"])
    kept.host.run(["systemctl", "stop", "postgresql@15-main"])
    kept.host.run(["pg_dropcluster", "--stop", "15", "main"])
    kept.host.run(["pg_createcluster", "15", "main"])
    kept.project.deploy()
    kept.project.seawall("restore", "--at", "latest", "--yes")
    assert rows(kept.host) == ["before the backup", "after the backup", "the last one archived"]


def test_the_new_server_is_archived_too_once_its_timer_has_made_a_backup(kept: Kept) -> None:
    kept.host.run(["systemctl", "start", "seawall-backup-ledger"])
    kept.host.run(["grep", '"job":"archive".*"ok":true', "/srv/ledger/state/data/record.jsonl"])
    add_rows(kept.host, "on the new server")
    kept.project.seawall("restore", "--at", "latest", "--to", "looked_at", "--yes")
    assert kept.words("looked_at")[-1] == "on the new server"
    assert kept.project.seawall("plan", "--exit-code").code == 0


def test_a_drill_proves_the_archive_and_finds_damage_in_it(kept: Kept) -> None:
    assert "no moment was ever recovered" not in kept.project.seawall("status", check=False).said  # nor a backup
    assert "the archive is proven: the database comes back as it was at 20" in kept.project.seawall("drill").out
    assert kept.project.seawall("status").code == 0
    find = f"find {STORE}.pgbackrest/backup -path '*base*' -name '*.gz' -size +2k | head -1"
    file = kept.host.run(["sh", "-c", find]).stdout.strip()
    kept.host.run(["cp", "--preserve", file, "/root/whole"])
    kept.host.run(["dd", "if=/dev/urandom", f"of={file}", "bs=1", "seek=700", "count=20", "conv=notrunc"])
    told = kept.project.seawall("drill", check=False)
    assert told.code == 4, told.said
    assert "the archive of the database's changes is damaged" in told.err
    assert "invalid checksum" in told.err
    assert "the last drill failed" in kept.project.seawall("status", check=False).said
    kept.host.run(["cp", "--preserve", "/root/whole", file])


def test_the_archive_may_be_in_s3(kept: Kept, vault: Vault) -> None:
    """pgBackRest 2.45 knows the server by a name: it takes no address in a certificate."""
    kept.host.run(["sh", "-c", f"echo {vault.address} {NAME} >> /etc/hosts"])
    place = f"s3:https://{NAME}:{vault.port}/{BUCKET}/ledger"
    for name, value in (("AWS_ACCESS_KEY_ID", KEY_ID), ("AWS_SECRET_ACCESS_KEY", KEY)):
        kept.project.seawall("secret", "set", name, input=value)
    kept.project.configure(backup={**vault.settings, "repository": place})
    kept.project.deploy()
    kept.project.seawall("backup", "now")
    add_rows(kept.host, "in s3")
    kept.project.seawall("restore", "--at", "latest", "--to", "from_s3", "--yes")
    assert kept.words("from_s3")[-1] == "in s3"
    kept.host.run(["systemctl", "start", "seawall-drill-ledger"])
    kept.host.run(["grep", '"job":"drill".*"ok":true.*"archive":"20', "/srv/ledger/state/data/record.jsonl"])
    assert any((vault.directory / "kept" / BUCKET / "ledger.pgbackrest").iterdir())


def test_the_key_of_the_archive_is_the_servers_and_roots_and_the_archive_is_encrypted(kept: Kept) -> None:
    assert kept.host.run(["stat", "-c", "%U:%G %a", "/etc/pgbackrest/seawall-ledger.conf"]).stdout == (
        "root:postgres 640\n"
    )
    assert kept.host.run(["stat", "-c", "%U %a", f"{STORE}.pgbackrest"]).stdout == "postgres 700\n"
    found = kept.host.run(["grep", "-rla", "before the backup", f"{STORE}.pgbackrest"], check=False).stdout
    assert found == ""


def test_where_it_is_not_wanted_any_more_the_servers_log_does_not_fill_the_disk(kept: Kept) -> None:
    kept.project.configure(backup={"pitr": False})
    kept.project.deploy()
    sql = "SELECT pg_switch_wal(); SELECT pg_sleep(3); SELECT failed_count FROM pg_stat_archiver"
    before, after = (
        kept.host.run(["env", "--chdir=/", "runuser", "-u", "postgres", "--", "psql", "-qtAc", sql]).stdout.split()[-1]
        for _ in range(2)
    )
    assert before == after


def test_debian_13_recovers_a_moment_and_proves_its_archive_too(
    boot_host: BootHost, ssh_environment: Mapping[str, str], tmp_path: Path
) -> None:
    newer = kept_on(boot_host(suite="trixie", packages=DATA_PACKAGES), tmp_path, ssh_environment)
    add_rows(newer.host, "after the backup")
    moment = newer.moment()
    add_rows(newer.host, "after the moment")
    assert "the archive is proven" in newer.project.seawall("drill").out
    newer.project.seawall("restore", "--at", moment, "--replace", "--yes")
    assert rows(newer.host) == ["before the backup", "after the backup"]
