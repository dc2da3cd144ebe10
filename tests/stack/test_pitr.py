"""What a server holds so that its database can be brought back to a moment."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from seawall.agent.data.vocabulary import Archive, data_from_wire
from seawall.agent.data.wanted import PostgresqlServer
from seawall.agent.vocabulary import Directory, File, Package, Requirements, Source
from seawall.config.model import Project
from seawall.errors import ConfigError
from seawall.stack.compose import compose
from seawall.stack.composition import Composition
from seawall.stack.facts import Facts
from stack.cases import BOOKWORM, SERVER, TREE, project

OWN = {
    "BACKUP_PASSWORD": "correct horse",
    "DATABASE_PASSWORD": "battery",
    "AWS_ACCESS_KEY_ID": "an id",
    "AWS_SECRET_ACCESS_KEY": "a key",
}
S3 = "s3:https://s3.example.com:9000/bucket/of/guestbook"
SETTINGS = "/etc/pgbackrest/seawall-guestbook.conf"


def kept(repository: str, **settings: Any) -> Project:
    backup = {"repository": repository, "pitr": True, **settings}
    return project(database={"kind": "postgresql"}, backup=backup)


def made(mine: Project, facts: Facts = BOOKWORM) -> Composition:
    requirements = Requirements(path="requirements.txt")
    return compose(mine, SERVER, facts, tree=TREE, env={}, requirements=requirements, source=Source(), own=OWN)


def file(mine: Composition, path: str) -> File:
    (found,) = [one for one in mine.resources if isinstance(one, File) and one.path == path]
    return found


def test_the_server_archives_its_log_and_the_jobs_are_told() -> None:
    mine = made(kept("/backups"))
    command = f"test ! -e {SETTINGS} || pgbackrest --config={SETTINGS} --stanza=guestbook archive-push %p"
    path = "/etc/postgresql/15/main/conf.d/seawall_pitr.conf"
    settings = ("archive_mode=on", f"archive_command={command}", "archive_timeout=1min")
    assert PostgresqlServer("15", path, settings) in mine.resources
    assert f"archive_command = '{command}'\n" in file(mine, path).content
    told = data_from_wire(json.loads(file(mine, "/srv/guestbook/state/data.json").content))
    assert told.archive == Archive(SETTINGS, "guestbook", "15")
    assert Package("pgbackrest") in mine.resources


def test_an_archive_in_a_folder_is_the_servers_alone_and_encrypted() -> None:
    mine = made(kept("/backups", keep_daily=3))
    assert Directory("/backups.pgbackrest", 0o700, "postgres", "postgres") in mine.resources
    settings = file(mine, SETTINGS)
    assert (settings.mode, settings.owner, settings.group, settings.secret) == (0o640, "root", "postgres", True)
    lines = settings.content.splitlines()
    assert "repo1-path=/backups.pgbackrest" in lines
    assert "repo1-cipher-pass=correct horse" in lines
    assert "repo1-retention-full=3" in lines
    assert not [line for line in lines if "s3" in line]


def test_an_archive_in_s3_lies_beside_the_backups_in_their_bucket() -> None:
    secrets = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"]
    certificate = "-----BEGIN CERTIFICATE-----\nMIIBhTCCASug\n-----END CERTIFICATE-----\n"
    mine = made(kept(S3, secrets=secrets, ca=certificate))
    lines = file(mine, SETTINGS).content.splitlines()
    for line in (
        "repo1-path=/of/guestbook.pgbackrest",
        "repo1-type=s3",
        "repo1-s3-endpoint=s3.example.com",
        "repo1-storage-port=9000",
        "repo1-s3-bucket=bucket",
        "repo1-s3-uri-style=path",
        "repo1-s3-key=an id",
        "repo1-s3-key-secret=a key",
        "repo1-storage-ca-file=/etc/pgbackrest/seawall-guestbook.ca",
    ):
        assert line in lines
    assert file(mine, "/etc/pgbackrest/seawall-guestbook.ca").content == certificate
    assert not [one for one in mine.resources if isinstance(one, File) and not one.secret and "a key" in one.content]


def test_a_drill_may_make_a_server_of_its_own_and_a_backup_may_not() -> None:
    drill, backup = (
        file(
            made(kept(S3, secrets=["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"])), f"/etc/systemd/system/{name}"
        ).content
        for name in ("seawall-drill-guestbook.service", "seawall-backup-guestbook.service")
    )
    assert "ReadWritePaths=/srv/guestbook/state /srv/guestbook/data -/var/lib/postgresql\n" in drill
    assert "ReadWritePaths=/srv/guestbook/state /srv/guestbook/data\n" in backup


def test_a_second_app_of_a_host_cannot_take_the_archive_from_the_first() -> None:
    facts, mine = replace(BOOKWORM, archives=("guestbook", "shop")), kept("/backups")
    with pytest.raises(ConfigError, match="archived for shop already"):
        made(mine, facts)
    assert made(mine, replace(BOOKWORM, archives=("guestbook",))).resources


def test_without_it_there_is_none_of_it() -> None:
    mine = made(project(database={"kind": "postgresql"}, backup={"repository": "/backups"}))
    assert Package("pgbackrest") not in mine.resources
    assert not [one for one in mine.resources if "pgbackrest" in getattr(one, "path", "")]


def test_the_plan_says_that_it_is_the_whole_servers() -> None:
    assert any("whole PostgreSQL server" in note for note in made(kept("/backups")).notes)
