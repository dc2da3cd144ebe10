"""Backups of an app on a server, to an S3 server and to another host, and all that can go wrong with them."""

import json
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from .conftest import BootHost
from .data_host import add_rows, ledger_project
from .lab import Lab
from .machine import Host
from .product import Project, Result, eventually
from .vault import KEY, KEY_ID, Vault, open_vault

BASE = "/srv/ledger"
UNIT = "seawall-backup-ledger"
UPLOADS = f"{BASE}/data/uploads"


@pytest.fixture(scope="module")
def vault(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Vault]:
    with open_vault(f"{lab.network.prefix}.1", tmp_path_factory.mktemp("vault")) as vault:
        yield vault


@pytest.fixture(scope="module")
def project(
    data_host: Host, vault: Vault, ssh_environment: Mapping[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Project:
    """Deployed, with a database, Redis and files, and backups of them to the S3 server."""
    backup = {**vault.settings, "repository": f"{vault.url}/ledger"}
    settings = {"redis": {"enabled": True}, "app": {"persist": ["uploads"]}, "backup": backup}
    project = ledger_project(tmp_path_factory.mktemp("ledger"), ssh_environment, data_host.name, **settings)
    (project.directory / "uploads").mkdir()
    for name, value in (("AWS_ACCESS_KEY_ID", KEY_ID), ("AWS_SECRET_ACCESS_KEY", KEY)):
        project.seawall("secret", "set", name, input=value)
    said = project.deploy().said
    assert "BACKUP_PASSWORD is made up and kept in seawall.secrets" in said
    assert f"{vault.url}/ledger" in said
    data_host.run(["sh", "-c", f"head -c 3000000 /dev/urandom > {UPLOADS}/photo; chown ledger: {UPLOADS}/photo"])
    add_rows(data_host, "one", "two", "three")
    return project


def backup_now(project: Project) -> dict[str, object]:
    (made,) = project.seawall("backup", "now", "--json").json["hosts"]
    return dict(made)


def ids(project: Project) -> list[str]:
    return [one["id"] for one in project.seawall("backup", "list", "--json").json["backups"]]


def fails(project: Project, code: str) -> Result:
    """A backup that cannot be made: nothing is lost, and the status says so."""
    failed = project.seawall("backup", "now", "--json", check=False)
    assert failed.code == 1, failed.said
    assert failed.json["error"]["code"] == code, failed.said
    status = project.seawall("status", "--json", check=False)
    assert status.code == 1
    reasons = status.json["hosts"][0]["backups"]["reasons"]
    assert any("the last backup failed" in reason and failed.json["error"]["fact"] in reason for reason in reasons)
    return failed


def test_a_backup_by_hand_and_by_the_timers_own_unit(data_host: Host, project: Project, vault: Vault) -> None:
    before = project.seawall("status", "--json").json["hosts"][0]["backups"]
    assert (before["waiting"], before["reasons"]) == ("no backup was made yet", [])
    made = backup_now(project)
    assert (made["files"], made["tables"], made["rows"]) == (1, 1, 3)
    assert int(str(made["bytes"])) > 3_000_000
    assert int(str(made["added"])) > 3_000_000
    data_host.run(["systemctl", "start", UNIT])
    listed = project.seawall("backup", "list", "--json").json
    assert len(listed["backups"]) == 2
    timers = data_host.run(["systemctl", "list-timers", "--all", f"{UNIT}.timer"]).stdout
    assert f"{UNIT}.service" in timers
    journal = data_host.run(["journalctl", "-u", UNIT, "-o", "cat"]).stdout
    assert "folders: 3.0 MB, 1 file" in journal
    assert ", 1 table" in journal
    assert "redis: " in journal
    status = project.seawall("status", check=False)
    assert status.code == 1
    assert "no backup was ever restored to prove that it is whole" in status.out
    assert not project.deploy("--dry-run", "--json").json["hosts"][0]["changes"], "a second deploy changes nothing"


def test_backups_can_be_had_without_seawall(data_host: Host, project: Project, vault: Vault) -> None:
    variables = f"set -a; . {BASE}/state/backup.env; RESTIC_REPOSITORY={vault.url}/ledger; set +a"
    restic = f"{variables}; restic --cacert {BASE}/state/backup.ca"
    listed = data_host.run(["sh", "-c", f"{restic} snapshots --json --tag app=ledger"]).stdout
    parts = {one["paths"][0]: one["short_id"] for one in json.loads(listed)}
    dump = data_host.run(["sh", "-c", f"{restic} dump {parts['/database.dump']} /database.dump | pg_restore --list"])
    assert "TABLE DATA public rows_kept ledger" in dump.stdout
    data_host.run(["sh", "-c", f"{restic} restore {parts[f'{BASE}/data']} --target /root/files"])
    assert data_host.run(["cmp", f"/root/files{UPLOADS}/photo", f"{UPLOADS}/photo"]).returncode == 0


def test_what_did_not_change_does_not_travel_again(data_host: Host, project: Project, vault: Vault) -> None:
    data_host.run(["sh", "-c", f"head -c 40000000 /dev/urandom > {UPLOADS}/film"])
    assert int(str(backup_now(project)["added"])) > 40_000_000
    received = vault.received
    assert int(str(backup_now(project)["added"])) < 400_000
    assert vault.received - received < 400_000, "less than a hundredth"
    data_host.run(["rm", f"{UPLOADS}/film"])


def test_no_secret_is_seen_by_others_or_told(data_host: Host, project: Project) -> None:
    env = data_host.run(["stat", "-c", "%U:%G %a", f"{BASE}/state/backup.env"]).stdout.split()
    assert env == ["root:root", "600"]
    secrets = data_host.read_file(f"{BASE}/state/backup.env")
    words = [line.partition("=")[2].strip('"') for line in secrets.splitlines()]
    assert len(words) == 3
    told = data_host.journal() + data_host.read_file(f"{BASE}/state/data.json")
    told += data_host.read_file(f"{BASE}/state/data/record.jsonl") + data_host.read_file(f"{BASE}/state/journal.jsonl")
    told += project.seawall("plan", check=False).said
    assert not [word for word in words if word != KEY_ID and word in told]
    release = data_host.run(["sh", "-c", f"cat {BASE}/live/env"]).stdout
    assert "BACKUP" not in release
    assert "AWS" not in release


def test_a_dump_that_is_killed_half_way_is_no_backup(data_host: Host, project: Project) -> None:
    big = (
        "CREATE TABLE big AS SELECT n, md5(n::text) || repeat(md5((n * 7)::text), 9) FROM generate_series(1, 400000) n"
    )
    data_host.run(["env", "--chdir=/", "runuser", "-u", "postgres", "--", "psql", "-qd", "ledger", "-c", big])
    before = ids(project)
    running = threading.Thread(target=fails, args=(project, "dump-failed"))
    running.start()
    killed = ["pkill", "-KILL", "-x", "pg_dump"]  # of the host's own processes alone
    eventually(lambda: data_host.run(killed, check=False).returncode == 0, "pg_dump was at it")
    running.join()
    assert ids(project) == before
    made = backup_now(project)
    assert made["tables"] == 2
    data_host.run(
        ["env", "--chdir=/", "runuser", "-u", "postgres", "--", "psql", "-qd", "ledger", "-c", "DROP TABLE big"]
    )


def test_a_store_that_is_down_or_answers_500_costs_nothing(project: Project, vault: Vault) -> None:
    before = ids(project)
    vault.mood = "failing"
    try:
        fails(project, "repository-unreachable")
    finally:
        vault.mood = "well"
    backup_now(project)
    assert ids(project)[: len(before)] == before


def test_a_store_that_cuts_off_and_comes_back_is_written_to_in_the_end(
    data_host: Host, project: Project, vault: Vault
) -> None:
    data_host.run(["sh", "-c", f"head -c 30000000 /dev/urandom > {UPLOADS}/film"])
    vault.mood, vault.allowed = "cutting", 6_000_000
    running = project.start("backup", "now", "--json")
    try:
        eventually(lambda: vault.allowed < 0, "the connection was cut", within=120)
    finally:
        vault.mood = "well"
    out, err = running.communicate(timeout=240)
    assert running.returncode == 0, err
    assert json.loads(out)["hosts"][0]["files"] == 2
    data_host.run(["rm", f"{UPLOADS}/film"])


def test_another_password_is_refused_and_named(data_host: Host, project: Project) -> None:
    env = f"{BASE}/state/backup.env"
    right = data_host.read_file(env)
    wrong = "".join('RESTIC_PASSWORD="another"\n' if "PASSWORD" in line else f"{line}\n" for line in right.splitlines())
    data_host.write_file(env, wrong)
    fails(project, "repository-password")
    data_host.write_file(env, right)
    backup_now(project)


def test_two_at_once_are_one_and_an_error(data_host: Host, project: Project, vault: Vault) -> None:
    data_host.run(["sh", "-c", f"head -c 60000000 /dev/urandom > {UPLOADS}/film"])
    first = threading.Thread(target=backup_now, args=(project,))
    first.start()
    lock = f"{BASE}/state/data/lock"
    eventually(lambda: data_host.run(["flock", "-n", lock, "true"], check=False).returncode != 0, "the first is at it")
    second = project.seawall("backup", "now", "--json", check=False)
    assert (second.code, second.json["error"]["code"]) == (1, "locked")
    assert "runs a backup on this host" in second.json["error"]["fact"]
    first.join()
    assert project.seawall("status", "--json", check=False).json["hosts"][0]["backups"]["bytes"] > 60_000_000
    data_host.run(["rm", f"{UPLOADS}/film"])


def test_a_run_that_is_killed_leaves_nothing_in_the_way(data_host: Host, project: Project) -> None:
    data_host.run(["sh", "-c", f"head -c 60000000 /dev/urandom > {UPLOADS}/film"])
    before = ids(project)
    data_host.run(["systemctl", "start", "--no-block", UNIT])
    eventually(
        lambda: data_host.run(["pgrep", "-f", "restic .*backup"], check=False).returncode == 0, "restic is at it"
    )
    time.sleep(0.5)
    data_host.run(["systemctl", "kill", "--signal=KILL", UNIT])
    eventually(
        lambda: data_host.run(["systemctl", "is-failed", "--quiet", UNIT], check=False).returncode == 0, "it has ended"
    )
    assert ids(project) == before
    backup_now(project)
    assert len(ids(project)) == len(before) + 1
    data_host.run(["rm", f"{UPLOADS}/film"])


def test_a_full_disk_half_way_is_told_and_the_next_run_works(data_host: Host, project: Project, vault: Vault) -> None:
    data_host.mount_tmpfs("/mnt/backups", "8m")
    data_host.run(["sh", "-c", f"head -c 30000000 /dev/urandom > {UPLOADS}/film"])
    project.configure(backup={"repository": "/mnt/backups/ledger"})
    assert "are on the host itself and are lost with it" in project.seawall("plan", check=False).said
    project.deploy()
    fails(project, "repository-full")
    data_host.run(["mount", "-o", "remount,size=100m", "/mnt/backups"])
    assert backup_now(project)["files"] == 2
    data_host.run(["systemctl", "start", UNIT])
    assert len(ids(project)) == 2
    data_host.run(["rm", f"{UPLOADS}/film"])
    project.configure(backup={"repository": f"{vault.url}/ledger"})
    project.deploy()
    data_host.unmount("/mnt/backups")


def test_the_only_proven_backup_is_not_removed(data_host: Host, project: Project) -> None:
    first, *_, last = ids(project)
    run = {"job": "drill", "id": first, "begun": "", "ended": "2020-01-01T00:00:00Z", "ok": True}
    record = f"{BASE}/state/data/record.jsonl"
    data_host.write_file(record, data_host.read_file(record) + json.dumps(run) + "\n")
    refused = project.seawall("backup", "forget", first, "--yes", check=False)
    assert refused.code == 1
    assert "is the only backup that was proven" in refused.err
    assert "seawall drill" in refused.err
    assert project.seawall("backup", "forget", last, "--yes", "--json").json["removed"] == [last]
    assert last not in ids(project)
    assert first in ids(project)


def test_a_clock_that_jumped_costs_no_backup(data_host: Host, project: Project) -> None:
    """A backup from the future is kept and not counted, and said to be one."""
    before = ids(project)
    script = (
        "import sys, time; sys.path.insert(0, '/var/lib/seawall/agent.pyz'); ahead = 10 * 365 * 86400; "
        "real, gm = time.time, time.gmtime; time.time = lambda: real() + ahead; "
        "time.gmtime = lambda seconds=None: gm(real() + ahead if seconds is None else seconds); "
        f"from seawall.agent.data import jobs; sys.exit(jobs.run('backup', '{BASE}'))"
    )
    data_host.run(["python3", "-c", script])
    status = project.seawall("status", "--json", check=False).json["hosts"][0]["backups"]
    assert any("which is yet to come" in reason for reason in status["reasons"])
    backup_now(project)
    after = ids(project)
    assert set(before) <= set(after)
    assert len(after) == len(before) + 2
    status = project.seawall("status", "--json", check=False).json["hosts"][0]["backups"]
    assert not any("yet to come" in reason for reason in status["reasons"])


def test_sftp_to_another_host_whose_key_is_known(
    data_host: Host, project: Project, vault: Vault, boot_module_host: BootHost, tmp_path: Path
) -> None:
    keeper = boot_module_host()
    data_host.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", "/tmp/backup_key"])
    private, public = (data_host.read_file(f"/tmp/backup_key{suffix}") for suffix in ("", ".pub"))
    keeper.run(["useradd", "--create-home", "keeper"])
    keeper.run(["install", "-d", "-o", "keeper", "-m", "700", "/home/keeper/.ssh"])
    keeper.write_file("/home/keeper/.ssh/authorized_keys", public)
    keeper.run(["chown", "keeper:", "/home/keeper/.ssh/authorized_keys"])
    host_key = " ".join(keeper.read_file("/etc/ssh/ssh_host_ed25519_key.pub").split()[:2])
    project.seawall("secret", "set", "BACKUP_SSH_KEY", input=private)
    settings = {"repository": f"sftp:keeper@{keeper.address}:/home/keeper/backups", "ssh_key": "BACKUP_SSH_KEY"}
    project.configure(backup={**settings, "known_hosts": ""})
    project.deploy()
    fails(project, "repository-refused")
    project.configure(backup={"known_hosts": f"{keeper.address} {host_key}"})
    project.deploy()
    backup_now(project)
    data_host.run(["systemctl", "start", UNIT])
    assert len(ids(project)) == 2
    keeper.stop()
    fails(project, "repository-unreachable")
    project.configure(backup={"repository": f"{vault.url}/ledger", "ssh_key": None, "known_hosts": None})
    project.deploy()


def test_an_app_that_wants_no_backups_any_more_has_no_timer(data_host: Host, project: Project) -> None:
    project.configure(backup=None)
    project.deploy()
    assert not data_host.exists(f"/etc/systemd/system/{UNIT}.timer")
    assert not data_host.exists(f"{BASE}/state/backup.env")
    assert UNIT not in data_host.run(["systemctl", "list-timers", "--all"]).stdout
