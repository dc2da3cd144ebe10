"""What a server holds for the backups of an app."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import ValidationError

from seawall.agent.data.vocabulary import DrillSettings, Repository, Retention, data_from_wire
from seawall.agent.envfile import parse_environment_file
from seawall.agent.vocabulary import AgentCopy, File, Package, Requirements, Source, Unit
from seawall.config.model import Project
from seawall.stack.compose import compose, resources_for
from seawall.stack.composition import Composition
from stack.cases import BOOKWORM, LOCAL, SERVER, TREE, composed, project

OWN = {"BACKUP_PASSWORD": "correct horse", "AWS_ACCESS_KEY_ID": "id", "BACKUP_SSH_KEY": "-----BEGIN KEY-----\nx"}
UNITS = "/etc/systemd/system/seawall-backup-guestbook"


def backed_up(repository: str = "s3:https://s3.example.com/b/guestbook", **settings: Any) -> Project:
    return project(backup={"repository": repository, **settings})


def made(mine: Project) -> Composition:
    requirements = Requirements(path="requirements.txt")
    return compose(mine, SERVER, BOOKWORM, tree=TREE, env={}, requirements=requirements, source=Source(), own=OWN)


def files(mine: Project) -> dict[str, File]:
    return {one.path: one for one in made(mine).resources if isinstance(one, File)}


def test_without_a_repository_there_is_none_of_it() -> None:
    plain = composed()
    assert Package("restic") not in plain.resources
    assert not [one for one in plain.resources if isinstance(one, AgentCopy)]


def test_on_this_machine_there_is_none_of_it_either_and_the_person_is_told() -> None:
    here = composed(backed_up("/mnt/backups"), LOCAL)
    assert not [one for one in here.resources if isinstance(one, File) and "/state/" in one.path]
    assert "on this machine no backups are made: [backup] is for servers" in here.notes


def test_the_job_is_told_where_and_how_many_and_no_secret() -> None:
    told = files(backed_up(keep_daily=1, keep_weekly=2, keep_monthly=3, at="hourly"))["/srv/guestbook/state/data.json"]
    data = data_from_wire(json.loads(told.content))
    env = "/srv/guestbook/state/backup.env"
    assert data.repository == Repository("s3:https://s3.example.com/b/guestbook", env, at="hourly")
    assert (data.retention, data.folders, data.database) == (Retention(1, 2, 3), ("/srv/guestbook/data",), None)
    assert "correct" not in told.content


def test_the_secrets_of_the_repository_are_roots_alone_and_not_the_apps() -> None:
    mine = made(backed_up(secrets=["AWS_ACCESS_KEY_ID"]))
    (env,) = [one for one in mine.resources if isinstance(one, File) and one.path.endswith("backup.env")]
    assert (env.mode, env.secret) == (0o600, True)
    assert parse_environment_file(env.content) == {"RESTIC_PASSWORD": "correct horse", "AWS_ACCESS_KEY_ID": "id"}
    assert mine.release.env == {}


def test_a_timer_of_the_hosts_starts_the_job_at_low_priority() -> None:
    mine = backed_up(at="Mon *-*-* 04:00")
    resources = resources_for(mine, SERVER, BOOKWORM)
    assert {AgentCopy("/var/lib/seawall/agent.pyz"), Unit("seawall-backup-guestbook.timer")} <= set(resources)
    timer, service = (files(mine)[f"{UNITS}.{kind}"].content for kind in ("timer", "service"))
    for line in ("OnCalendar=Mon *-*-* 04:00", "Persistent=true", "RandomizedDelaySec=900", "FixedRandomDelay=true"):
        assert f"\n{line}\n" in timer
    start = "ExecStart=/usr/bin/python3 -I /var/lib/seawall/agent.pyz job backup /srv/guestbook"
    for line in (start, "Nice=19", "IOSchedulingClass=idle", "CPUWeight=idle", "ProtectSystem=strict"):
        assert f"\n{line}\n" in service


@pytest.mark.parametrize("manager", ["systemd", "supervisor"])
def test_backups_are_systemds_whoever_runs_the_app(manager: str) -> None:
    mine = project(backup={"repository": "/mnt/backups"}, process={"manager": manager})
    assert f"{UNITS}.timer" in files(mine)


def test_a_repository_on_the_host_itself_is_warned_of_and_can_be_written_to() -> None:
    mine = backed_up("/mnt/backups")
    assert [note for note in made(mine).notes if "/mnt/backups" in note and "lost with it" in note]
    service = files(mine)[f"{UNITS}.service"].content
    assert "\nProtectSystem=full\n" in service
    assert "\nProtectHome=no\n" in service


def test_sftp_has_its_keys_in_files_of_its_own() -> None:
    mine = backed_up("sftp:keeper@vault:/b", ssh_key="BACKUP_SSH_KEY", known_hosts="vault ssh-ed25519 AAAA")
    there = files(mine)
    key, known = there["/srv/guestbook/state/backup.key"], there["/srv/guestbook/state/backup.known_hosts"]
    assert (key.content, key.mode, key.secret) == ("-----BEGIN KEY-----\nx\n", 0o600, True)
    assert known.content == "vault ssh-ed25519 AAAA\n"
    repository = data_from_wire(json.loads(there["/srv/guestbook/state/data.json"].content)).repository
    assert repository is not None
    assert (repository.ssh_key, repository.known_hosts) == (key.path, known.path)
    assert Package("openssh-client") in made(mine).resources
    assert "\nProtectHome=read-only\n" in there[f"{UNITS}.service"].content


def test_an_authority_of_ones_own_goes_to_the_host() -> None:
    pem = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"
    assert files(backed_up(ca=pem))["/srv/guestbook/state/backup.ca"].content == pem


@pytest.mark.parametrize(
    "url",
    [
        "/mnt/backups",
        "s3:https://s3.example.com/bucket/path",
        "s3:s3.amazonaws.com/bucket",
        "sftp:vault:backups",
        "sftp://keeper@vault:2222//b",
        "rest:https://keeper@vault:8000/",
    ],
)
def test_what_restic_speaks_is_taken(url: str) -> None:
    assert backed_up(url).backup.repository == url


@pytest.mark.parametrize(
    "url", ["backups", "/", "/backups/", "ftp://vault/b", "rest:https://keeper:hunter2@vault/", "sftp:vault", "s3:a b"]
)
def test_what_is_no_repository_or_holds_a_password_is_refused(url: str) -> None:
    with pytest.raises(ValidationError):
        backed_up(url)


@pytest.mark.parametrize(("key", "value"), [("ca", "MIIB"), ("known_hosts", "vault"), ("ssh_key", "a b")])
def test_what_is_no_certificate_or_host_key_is_refused(key: str, value: str) -> None:
    with pytest.raises(ValidationError):
        backed_up("/b", **{key: value})


def test_a_drill_has_a_timer_of_its_own_unless_none_is_wanted() -> None:
    wanted = project(
        backup={"repository": "s3:https://s3.example.com/b"}, drill={"at": "Sun 05:00", "command": "check"}
    )
    there, unit = files(wanted), "/etc/systemd/system/seawall-drill-guestbook"
    assert "OnCalendar=Sun 05:00\n" in there[f"{unit}.timer"].content
    assert " job drill /srv/guestbook\n" in there[f"{unit}.service"].content
    assert data_from_wire(json.loads(there["/srv/guestbook/state/data.json"].content)).drill == DrillSettings(
        "check", "Sun 05:00"
    )
    none = project(backup={"repository": "s3:https://s3.example.com/b"}, drill={"at": ""})
    assert not [path for path in files(none) if "seawall-drill" in path]
