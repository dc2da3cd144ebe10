"""What `seawall backup` says of what the hosts answer."""

from __future__ import annotations

from pathlib import Path

import pytest

from seawall.agent.vocabulary import Event
from seawall.errors import HostError

from .conftest import Fleet, Run
from .golden import KEPT, assert_kept

REPOSITORY = "s3:https://s3.example.com/b/guestbook"
RUN = {
    "job": "backup",
    "id": "20261128-030412",
    "begun": "2026-11-28T03:04:12Z",
    "ended": "2026-11-28T03:04:50Z",
    "ok": True,
    "bytes": 1_250_000_000,
    "error": "",
    "details": {"added": 3_000_000, "tables": 12, "rows": 90_210, "files": 1, "empty": False},
}
EVENTS = [
    Event("step", "database", "start"),
    Event("output", text="1.0 GB so far"),
    Event("step", "database", "done", "1.2 GB, 12 tables", 31.5),
    Event("step", "manifest", "failed", "", 0.5),
]
KNOWN = [
    {"id": "20261127-030412", "host": "web1", "bytes": 1_240_000_000, "proven": True},
    {"id": "20261128-030412", "host": "web1", "bytes": 1_250_000_000, "proven": False},
]


@pytest.fixture(autouse=True)
def repository(folder: Path) -> None:
    with (folder / "seawall.toml").open("a") as file:
        file.write(f'\n[backup]\nrepository = "{REPOSITORY}"\n')


def test_a_backup_is_made_and_said_to_be(run: Run, fleet: Fleet) -> None:
    fleet.answers["data-back-up"] = {"run": RUN, "events": EVENTS}
    result = run("backup", "now")
    assert result.exit_code == 0
    assert "database: 1.2 GB, 12 tables 31.5 s\n" in result.stderr
    assert_kept(KEPT / "backup-now.txt", result.stdout)
    assert_kept(KEPT / "backup-now.json", run("backup", "now", "--json").stdout)


def test_one_that_is_empty_is_said_to_be(run: Run, fleet: Fleet) -> None:
    fleet.answers["data-back-up"] = {"run": {**RUN, "details": {"empty": True}}}
    assert "is empty: there is no table and no file" in run("backup", "now").stdout


def test_one_that_fails_exits_with_its_error(run: Run, fleet: Fleet) -> None:
    fleet.answers["data-back-up"] = HostError(
        "there is no room left where the repository is", host="web1", code="repository-full", exit_code=1
    )
    result = run("backup", "now")
    assert result.exit_code == 1
    assert "no room left" in result.stderr


def test_all_are_listed_with_those_that_were_proven(run: Run, fleet: Fleet) -> None:
    fleet.answers["data-backups"] = {"repository": REPOSITORY, "host": "web1", "backups": KNOWN}
    assert_kept(KEPT / "backup-list.txt", run("backup", "list").stdout)
    assert_kept(KEPT / "backup-list.json", run("backup", "list", "--json").stdout)


def test_none_yet_names_how_to_make_one(run: Run, fleet: Fleet) -> None:
    fleet.answers["data-backups"] = {"repository": REPOSITORY, "host": "web1", "backups": []}
    assert "`seawall backup now` makes one" in run("backup", "list").stdout


def test_one_is_removed_when_that_is_said(run: Run, fleet: Fleet) -> None:
    fleet.answers["data-forget"] = {"removed": ["20261128-030412"], "left": 1}
    refused = run("backup", "forget", "20261128-030412")
    assert refused.exit_code == 2
    assert fleet.asked == []
    assert_kept(KEPT / "backup-forget.txt", run("backup", "forget", "20261128-030412", "--yes").stdout)
    assert_kept(KEPT / "backup-forget.json", run("backup", "forget", "20261128-030412", "-y", "--json").stdout)
    assert fleet.asked[-1][1:] == ("data-forget", {"ids": ["20261128-030412"], "by": fleet.asked[-1][2]["by"]})


def test_with_several_hosts_the_one_that_made_it_removes_it(run: Run, fleet: Fleet) -> None:
    fleet.names = ("root@web1.example.com", "root@web2.example.com")
    fleet.answers["data-backups"] = {"repository": REPOSITORY, "host": "web1", "backups": KNOWN}
    fleet.answers["data-forget"] = {"removed": ["20261128-030412"], "left": 1}
    run("backup", "forget", "20261128-030412", "--yes")
    assert fleet.asked[-1][0] == "root@web1.example.com"
    assert len(run("backup", "list").stdout.splitlines()) == 3


@pytest.mark.parametrize("words", [("now",), ("list",), ("forget", "20261128-030412", "-y")])
def test_without_a_repository_it_says_what_to_write(
    run: Run, fleet: Fleet, folder: Path, words: tuple[str, ...]
) -> None:
    text = (folder / "seawall.toml").read_text()
    (folder / "seawall.toml").write_text(text.replace(f'repository = "{REPOSITORY}"', ""))
    result = run("backup", *words)
    assert result.exit_code == 2
    assert "repository = " in result.stderr
    assert run("backup", *words, "-e", "local").exit_code == 2
    assert fleet.asked == []
