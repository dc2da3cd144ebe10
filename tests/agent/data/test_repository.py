"""Backups in a repository of restic's, and what becomes of a run that is cut off."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from dataclasses import replace
from pathlib import Path

import pytest

from seawall.agent.data import repository
from seawall.agent.data.manifest import DATABASE, MANIFEST
from seawall.agent.data.repository import Snapshot, Store
from seawall.agent.data.restic import Restic, failure, ssh_command
from seawall.agent.data.vocabulary import Repository
from seawall.agent.errors import (
    AgentError,
    BackupIncomplete,
    BadRequest,
    Cancelled,
    NoSuchBackup,
    RepositoryDamaged,
    RepositoryFailed,
    RepositoryFull,
    RepositoryLocked,
    RepositoryMissing,
    RepositoryPassword,
    RepositoryRefused,
    RepositoryUnreachable,
)

#: A real restic, many times over.
pytestmark = pytest.mark.slow

ID = "20261128-133000"


def a_backup(store: Store, identity: str = ID, content: bytes = b"dump") -> None:
    store.save_text(DATABASE, content, [f"backup={identity}"])
    store.save_text(MANIFEST, b"{}", [f"backup={identity}", "bytes=4"])


def test_a_repository_is_made_once(restic: Restic) -> None:
    store = Store(restic, "tiny")
    with pytest.raises(RepositoryMissing):
        store.open()
    assert [store.open_or_make(), store.open_or_make()] == [True, False]


def test_what_was_saved_comes_back(store: Store) -> None:
    a_backup(store, content=bytes(range(256)) * 5000)
    (backup,) = store.backups()
    assert (backup.id, backup.bytes, len(backup.snapshots)) == (ID, 4, 2)
    dump = next(one for one in store.snapshots() if one.paths == (DATABASE,))
    with store.read(dump.id, DATABASE) as stream:
        assert stream.stream.read() == bytes(range(256)) * 5000
        stream.finish()


def test_half_a_dump_makes_no_snapshot(store: Store) -> None:
    with store.saving(DATABASE, [f"backup={ID}"]) as saving:
        saving.write(b"x" * 3_000_000)  # and no word that this was all
    assert store.snapshots() == []
    a_backup(store)
    store.prune(60)


def test_without_its_manifest_a_backup_does_not_exist(store: Store) -> None:
    store.save_text(DATABASE, b"dump", [f"backup={ID}"])
    assert store.backups() == []
    (left,) = repository.fragments(store.snapshots())
    store.forget([left.id])
    assert store.snapshots() == []


def test_the_backups_of_other_apps_are_not_ours(store: Store) -> None:
    a_backup(replace(store, app="other"))
    assert store.snapshots() == []


def test_folders_are_saved_without_what_is_excluded_and_the_second_time_costs_nothing(
    store: Store, tmp_path: Path
) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "app[1].db").write_bytes(b"the engine's")
    (folder / "photo").write_bytes(os.urandom(400_000))
    heard: list[int] = []
    first = store.save_folders([str(folder)], [str(folder / "app[1].db")], ["a"], heard.append)
    second = store.save_folders([str(folder)], [str(folder / "app[1].db")], ["b"], heard.append)
    assert (first.files, first.bytes) == (1, 400_000)
    assert first.added > 400_000
    assert second.added < 4000
    store.restore(second.snapshot, str(tmp_path / "back"))
    assert (tmp_path / "back" / str(folder)[1:] / "photo").read_bytes() == (folder / "photo").read_bytes()


def test_a_file_that_went_meanwhile_is_no_fault_and_one_that_cannot_be_read_is(store: Store, tmp_path: Path) -> None:
    numbers = '"total_bytes_processed":1,"data_added":1,"total_files_processed":1'
    gone = tmp_path / "gone"
    fake = tmp_path / "fake"
    fake.write_text(
        f"""#!/bin/sh
        echo '{{"message_type":"error","error":{{"Err":5}},"during":"archival","item":"{gone}"}}' >&2
        echo 'Warning: at least one source file could not be read' >&2
        echo '{{"message_type":"summary","snapshot_id":"1",{numbers}}}'
        exit 3
        """
    )
    fake.chmod(0o755)
    other = replace(store, restic=replace(store.restic, program=str(fake)))
    assert other.save_folders([str(tmp_path)], [], [], lambda _: None).snapshot == "1"
    gone.touch()
    with pytest.raises(BackupIncomplete) as caught:
        other.save_folders([str(tmp_path)], [], [], lambda _: None)
    assert caught.value.output == str(gone)


def test_another_password_is_told_as_such(store: Store, tmp_path: Path) -> None:
    (tmp_path / "backup.env").write_text('RESTIC_PASSWORD="battery staple"\n')
    with pytest.raises(RepositoryPassword):
        store.open_or_make()


def test_without_the_password_nothing_is_tried(restic: Restic, tmp_path: Path) -> None:
    (tmp_path / "backup.env").unlink()
    with pytest.raises(AgentError, match="is not on this host"):
        Store(restic, "tiny").open()


def test_a_snapshot_that_cannot_be_read_is_not_passed_over(store: Store, tmp_path: Path) -> None:
    a_backup(store)
    spoiled = next(path for path in (tmp_path / "backups" / "snapshots").iterdir())
    spoiled.chmod(0o600)
    spoiled.write_bytes(b"x" * 100)
    with pytest.raises(RepositoryDamaged):
        replace(store, restic=replace(store.restic, cache=tmp_path / "fresh")).snapshots()


def test_spoiled_content_is_found_by_reading_it(store: Store, tmp_path: Path) -> None:
    a_backup(store, content=os.urandom(50_000))
    pack = max((tmp_path / "backups" / "data").rglob("*"), key=lambda path: path.is_file() and path.stat().st_size)
    pack.chmod(0o600)
    content = bytearray(pack.read_bytes())
    content[1000] ^= 1
    pack.write_bytes(content)
    with pytest.raises(RepositoryDamaged):
        store.check("100%")


def test_the_lock_of_a_run_that_was_killed_is_taken_away(store: Store) -> None:
    saving = store.saving(DATABASE, [f"backup={ID}"])
    _await_lock(store)
    os.killpg(saving._process.pid, signal.SIGKILL)
    saving._process.wait()
    with pytest.raises(RepositoryLocked):
        store.prune(60)
    store.unlock()
    store.prune(60)
    saving.__exit__(None, None, None)


def test_the_lock_of_a_run_under_way_stays(store: Store) -> None:
    with store.saving(DATABASE, [f"backup={ID}"]):
        _await_lock(store)
        store.unlock()
        with pytest.raises(RepositoryLocked) as caught:
            store.prune(60)
    assert "PID" in caught.value.output


def _await_lock(store: Store) -> None:
    locks = Path(store.restic.repository.url) / "locks"
    for _ in range(500):
        if any("tmp" not in lock.name for lock in locks.iterdir()):
            return
        time.sleep(0.02)
    raise AssertionError("restic has made no lock")


def test_a_run_that_is_stopped_ends_without_a_snapshot(store: Store) -> None:
    stopped = replace(store, restic=replace(store.restic, cancelled=lambda: True))
    with stopped.saving(DATABASE, []) as saving, pytest.raises(Cancelled):
        saving.write(b"x" * 1_000_000)
    assert store.snapshots() == []


def test_a_full_disk_is_told_as_such_and_the_next_run_works(tmp_path: Path, restic: Restic) -> None:
    fake = tmp_path / "fake"
    fake.write_text("#!/bin/sh\nhead -c 100000 >/dev/null\necho 'write x-tmp-1: no space left on device' >&2\nexit 1\n")
    fake.chmod(0o755)
    store = Store(replace(restic, program=str(fake)), "tiny")
    with store.saving(DATABASE, []) as saving, pytest.raises(RepositoryFull):
        saving.write(b"x" * 10_000_000)


def test_a_place_that_does_not_answer_is_not_waited_for(tmp_path: Path, restic: Restic) -> None:
    fake = tmp_path / "fake"
    fake.write_text("#!/bin/sh\necho 'Load(<config/0>) returned error, retrying after 5s: EOF' >&2\nexec sleep 60\n")
    fake.chmod(0o755)
    with pytest.raises(RepositoryUnreachable) as caught:
        replace(restic, program=str(fake)).run("cat", "config", timeout=0.3)
    assert "retrying" in caught.value.output


@pytest.mark.parametrize(
    ("words", "error"),
    [
        ("Fatal: wrong password or no key found", RepositoryPassword),
        ("unable to create lock in backend: repository is already locked by PID 7 on web1 by root", RepositoryLocked),
        ("Fatal: unable to save snapshot: write /b/x-tmp: no space left on device", RepositoryFull),
        ("Fatal: load <index/23d632a8ae>: invalid data returned", RepositoryDamaged),
        ("Fatal: Unmarshal: invalid character 'z' looking for beginning of value", RepositoryDamaged),
        ("panic: runtime error: slice bounds out of range [16:3]", RepositoryDamaged),
        ('Stat: Get "https://s3/b/?location=": x509: certificate signed by unknown authority', RepositoryUnreachable),
        (
            'Stat: Get "https://s3/b/?location=": dial tcp 10.0.0.1:443: connect: connection refused',
            RepositoryUnreachable,
        ),
        ('Stat: Get "https://s3/b/?location=": dial tcp: lookup s3: no such host', RepositoryUnreachable),
        ("Fatal: unable to open config file: Stat: 500 Internal Server Error", RepositoryUnreachable),
        ("Stat: The request signature we calculated does not match the signature you provided.", RepositoryRefused),
        ("Stat: Access Denied.", RepositoryRefused),
        ("root@b: Permission denied (publickey).", RepositoryRefused),
        ("subprocess ssh: Host key verification failed.", RepositoryRefused),
        ("Fatal: unable to open config file: stat /b/config: no such file or directory", RepositoryMissing),
        ("Fatal: unable to open config file: Stat: The specified key does not exist.", RepositoryMissing),
        ("Fatal: unable to open config file: Stat: The specified bucket does not exist", RepositoryMissing),
        ("Fatal: the moon is full", RepositoryFailed),
    ],
)
def test_restics_words_are_understood(words: str, error: type[AgentError]) -> None:
    found = failure("s3:https://s3/b", words)
    assert type(found) is error
    assert (found.place, found.output) == ("s3:https://s3/b", words)
    assert found.remedy


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("sftp:keeper@vault:/backups", "-l keeper -s -- vault sftp"),
        ("sftp:vault:backups/tiny", "-s -- vault sftp"),
        ("sftp://keeper@[fd00::1]:2222//backups", "-p 2222 -l keeper -s -- fd00::1 sftp"),
        ("sftp://vault/backups", "-s -- vault sftp"),
    ],
)
def test_ssh_is_called_strictly_and_for_the_right_host(url: str, words: str) -> None:
    command = ssh_command(Repository(url, "/env", ssh_key="/state/backup key", known_hosts="/state/known"))
    assert command.startswith("ssh -oBatchMode=yes -oStrictHostKeyChecking=yes ")
    assert "'-oIdentityFile=/state/backup key' -oIdentitiesOnly=yes -oUserKnownHostsFile=/state/known " in command
    assert command.endswith(words)


def test_what_is_no_address_is_refused() -> None:
    with pytest.raises(BadRequest):
        ssh_command(Repository("sftp:vault", "/env"))


def test_nothing_secret_is_in_the_arguments(restic: Restic) -> None:
    there = replace(restic, repository=replace(restic.repository, ca="/ca.pem"))
    assert there.argv("snapshots") == ["restic", "--cacert", "/ca.pem", "snapshots"]
    assert there.environment()["RESTIC_PASSWORD"] == "correct horse"


def test_a_backup_is_found_by_its_id_and_the_newest_without_one() -> None:
    parts = [Snapshot(f"{number}", "web1", (MANIFEST,), (f"backup={number}", "bytes=7")) for number in (2, 3, 1)]
    backups = repository.whole(parts)
    assert [backup.id for backup in backups] == ["1", "2", "3"]
    assert repository.find(backups).id == "3"
    assert repository.find(backups, "1").bytes == 7
    with pytest.raises(NoSuchBackup, match="no backup 4"):
        repository.find(backups, "4")
    with pytest.raises(NoSuchBackup, match="no backup yet"):
        repository.find([])


def test_no_restic_of_ours_remains(store: Store) -> None:
    with store.saving(DATABASE, []) as saving:
        pid = saving._process.pid
    done = subprocess.run(["ps", "-p", str(pid)], capture_output=True, check=False)
    assert done.returncode == 1
