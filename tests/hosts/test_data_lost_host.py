"""A host that is lost with all it held: another takes its place, with every row that was safe in a backup."""

import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from .data_host import DATA_PACKAGES, add_rows, at_rest, ledger_project, rows
from .lab import Lab
from .machine import Host
from .product import Project, Result, visitor
from .vault import BUCKET, KEY, KEY_ID, NAME, Vault, open_vault

REDIS = "/run/seawall-redis-ledger/redis.sock"
ANONYMISE = "UPDATE rows_kept SET word = 'nobody';\n"


@dataclass
class Writer:
    """Somebody who writes rows until the host is gone; ``kept`` are those that the app has acknowledged."""

    host: Host
    kept: list[str] = field(default_factory=list)
    _over: threading.Event = field(default_factory=threading.Event)

    def write(self) -> None:
        with visitor(self.host, "ledger.example.com") as client:
            number = 0
            while not self._over.is_set():
                number += 1
                try:
                    answer = client.post("/rows", content=f"row {number}")
                except httpx.HTTPError:
                    continue
                if answer.status_code == 200:
                    self.kept.append(f"row {number}")

    @contextmanager
    def at_work(self) -> Iterator[None]:
        writing = threading.Thread(target=self.write, daemon=True)
        writing.start()
        yield
        self._over.set()
        writing.join()

    def wait_for(self, more: int) -> list[str]:
        """What was kept once so many rows more are."""
        wanted = len(self.kept) + more
        while len(self.kept) < wanted:
            threading.Event().wait(0.05)
        return list(self.kept)


@pytest.fixture(scope="module")
def vault(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Vault]:
    """An S3 server that outlives the hosts."""
    with open_vault(f"{lab.network.prefix}.1", tmp_path_factory.mktemp("vault")) as opened:
        yield opened


@dataclass
class Site:
    """The app on the host that took the lost one's place; ``kept`` is what was safe in the backup, or the archive."""

    kind: str
    project: Project
    host: Host
    kept: list[str]
    backup: str
    clone: dict[str, object]


@pytest.fixture(scope="module", params=["postgresql", "mariadb", "sqlite"])
def site(
    request: pytest.FixtureRequest,
    lab: Lab,
    vault: Vault,
    ssh_environment: Mapping[str, str],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Site]:
    """Deployed, written to, backed up meanwhile, lost while it is written to, and cloned onto a fresh host. The changes
    of PostgreSQL are archived."""
    kind = request.param
    directory: Path = tmp_path_factory.mktemp(kind)
    first = knows_the_vault(at_rest(lab.boot(packages=DATA_PACKAGES)), vault)
    project = ledger_project(directory, ssh_environment, first.name, kind=kind)
    repository = f"s3:https://{NAME}:{vault.port}/{BUCKET}/{kind}"
    archived = kind == "postgresql"
    project.configure(backup={**vault.settings, "repository": repository, "pitr": archived}, redis={"enabled": True})
    for name, value in (("AWS_ACCESS_KEY_ID", KEY_ID), ("AWS_SECRET_ACCESS_KEY", KEY)):
        project.seawall("secret", "set", name, input=value)
    project.deploy()
    first.write_file("/srv/ledger/data/upload.txt", "a visitor's file\n")
    first.run(["redis-cli", "-s", REDIS, "SET", "visits", "41"])
    writer = Writer(first)
    with writer.at_work():
        add_rows(first, "the first")
        safe = ["the first", *writer.wait_for(50)]
        project.seawall("backup", "now")
        backup = str(project.seawall("backup", "list", "--json").json["backups"][-1]["id"])
        if archived:
            safe += writer.wait_for(50)
            archive_segment(first)
            writer.wait_for(50)
        lab.remove(first)
    second = knows_the_vault(at_rest(lab.boot(packages=DATA_PACKAGES)), vault)
    project.configure(hosts=[second.name])
    twin = project.seawall("clone-host", "--yes", check=False) if archived else None
    if twin is not None:
        with_a_server_of_its_own(second, twin)
    clone = project.seawall("clone-host", "--yes", "--json")
    print(clone.said)
    yield Site(kind, project, second, safe, backup, clone.json)
    lab.remove(second)


def knows_the_vault(host: Host, vault: Vault) -> Host:
    """pgBackRest 2.45 takes no address in a certificate."""
    host.run(["sh", "-c", f"echo {vault.address} {NAME} >> /etc/hosts"])
    return host


def with_a_server_of_its_own(host: Host, refused: Result) -> None:
    """Both hosts were made from one image, and so their servers: that is told, and mended as it is told."""
    assert refused.code == 1, refused.said
    assert "the archive is another server's of the same identifier" in refused.err
    told = re.search(r"`(pg_dropcluster [^`]*)`", " ".join(refused.err.split()))
    assert told, refused.err
    host.run(["sh", "-c", told[1]])


def archive_segment(host: Host) -> None:
    """Wait until all that PostgreSQL has acknowledged by now is in the archive."""
    sql = "SELECT pg_walfile_name(pg_switch_wal())"
    name = host.run(["env", "--chdir=/", "runuser", "-u", "postgres", "--", "psql", "-qtAc", sql]).stdout.strip()
    done = f"/var/lib/postgresql/15/main/pg_wal/archive_status/{name}.done"
    host.run(["timeout", "60", "sh", "-c", f"until test -e {done}; do sleep 0.1; done"])


def test_every_row_that_was_acknowledged_before_the_backup_or_archived_before_the_kill_is_there(site: Site) -> None:
    found = rows(site.host)
    assert set(site.kept) <= set(found)
    assert site.clone["restored"]["backup"] == site.backup  # type: ignore[index]
    assert site.clone["restored"]["at"] == ("latest" if site.kind == "postgresql" else "")  # type: ignore[index]
    add_rows(site.host, "the next")
    assert rows(site.host) == [*found, "the next"]


def test_files_are_there_too_and_belong_to_the_app(site: Site) -> None:
    assert site.host.read_file("/srv/ledger/data/upload.txt") == "a visitor's file\n"
    owner = site.host.run(["stat", "-c", "%U %a", "/srv/ledger/data"]).stdout.strip()
    assert owner == "ledger 700"


def test_what_redis_held_is_there(site: Site) -> None:
    assert site.host.run(["redis-cli", "-s", REDIS, "GET", "visits"]).stdout.strip() == "41"


def test_a_host_that_has_a_live_release_is_no_fresh_host(site: Site) -> None:
    told = site.project.seawall("clone-host", "--yes", check=False)
    assert told.code == 2
    assert "is no fresh host: v1 is live there" in told.err


def test_the_restored_host_goes_on_with_backups_and_a_drill_proves_one(site: Site) -> None:
    site.project.seawall("backup", "now")
    assert "rows" in site.project.seawall("drill").said


def test_production_is_copied_to_staging_with_everybodys_words_taken_out(site: Site) -> None:
    staging = {"domains": ["staging.example.com"], "backup": {"repository": "", "pitr": False}}
    site.project.configure(environments={"staging": staging})
    site.project.deploy("-e", "staging")
    add_rows(site.host, "of staging", domain="staging.example.com")
    before = rows(site.host)
    site.project.write("anonymise.sql", ANONYMISE)
    words = ["database", "copy", "--from", "production", "--to", "staging", "--yes"]
    told = site.project.seawall(*words, "--anonymise", "anonymise.sql", "--json")
    print(told.said)
    assert rows(site.host, domain="staging.example.com") == ["nobody"] * len(before)
    assert rows(site.host) == before
    assert told.json["rows"] >= len(before)
    wrong = site.project.seawall(*words, "--anonymise", "seawall.toml", check=False)
    assert wrong.code == 1, wrong.said
    assert "the SQL could not be run in the copy" in wrong.err
    assert rows(site.host, domain="staging.example.com") == ["nobody"] * len(before)


def test_production_is_not_copied_over_by_mistake(site: Site) -> None:
    told = site.project.seawall("database", "copy", "--from", "staging", "--to", "production", "--yes", check=False)
    assert told.code == 2
    assert "--yes-into-production" in told.err
    assert "nobody" not in rows(site.host)


def test_a_drill_of_a_repository_that_was_tampered_with_fails_loudly(site: Site, vault: Vault) -> None:
    """The last test: nothing good comes out of that repository any more."""
    packs = [path for path in (vault.directory / "kept").rglob("data/*/*") if path.is_file()]
    assert packs
    for pack in packs:
        content = bytearray(pack.read_bytes())
        content[len(content) // 2] ^= 0xFF
        pack.write_bytes(content)
    told = site.project.seawall("drill", check=False)
    print(told.err)
    assert told.code != 0
    assert "damaged" in told.err
    status = site.project.seawall("status", check=False)
    assert "drill" in status.said
