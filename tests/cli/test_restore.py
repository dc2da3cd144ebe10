"""What `seawall restore` and `seawall drill` ask of a host, and say of its answers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from seawall.agent.vocabulary import Event
from seawall.errors import HostError

from .conftest import Fleet, Run
from .golden import KEPT, assert_kept

LOOK: dict[str, Any] = {
    "backup": "20261128-030412",
    "made": "2026-11-28T03:04:12Z",
    "made_on": "web1",
    "bytes": 1_250_000_000,
    "tables": 12,
    "rows": 90_210,
    "files": 431,
    "database": "guestbook",
    "folders": ["/srv/guestbook/data"],
    "held": ["database guestbook", "/srv/guestbook/data"],
}
DONE: dict[str, Any] = {
    "backup": "20261128-030412",
    "database": "guestbook",
    "kept_database": "guestbook_before_20261128_142213",
    "table": "",
    "folder": "",
    "folders": {"/srv/guestbook/data": "/srv/guestbook/data_before_20261128_142213"},
    "migrate": "flask db upgrade",
    "until": "2026-12-28T14:22:13Z",
}
PROVEN: dict[str, Any] = {
    "backup": "20261128-030412",
    "made": "2026-11-28T03:04:12Z",
    "bytes": 1_250_000_000,
    "read": "100%",
    "tables": 12,
    "rows": 90_210,
    "files": 431,
    "command": "flask check-data",
    "archive": "2026-11-28T05:00:12Z",
}


@pytest.fixture(autouse=True)
def repository(folder: Path) -> None:
    with (folder / "seawall.toml").open("a") as file:
        file.write('\n[backup]\nrepository = "s3:https://s3.example.com/b/guestbook"\n')


@pytest.fixture
def host(fleet: Fleet) -> Fleet:
    restored = Event("note", "restored", text="the app is stopped for the exchange")
    fleet.answers["data-restore-look"] = LOOK
    fleet.answers["data-restore"] = {**DONE, "events": [restored]}
    fleet.answers["data-drill"] = PROVEN
    return fleet


def asked(fleet: Fleet) -> list[tuple[str, dict[str, Any]]]:
    return [(op, fields) for _, op, fields in fleet.asked if op.startswith("data-")]


def test_on_this_machine_nothing_is_restored_and_it_is_said_where_the_data_is(run: Run, fleet: Fleet) -> None:
    refused = run("restore", "--yes", "-e", "local")
    assert refused.exit_code == 2
    assert ".seawall/local/data" in refused.stderr
    assert "seawall down" in refused.stderr
    assert fleet.asked == []


def test_a_restore_shows_what_it_would_do_and_does_it_when_that_is_said(run: Run, host: Fleet) -> None:
    result = run("restore", "--replace", "--yes")
    assert result.exit_code == 0
    assert_kept(KEPT / "restore-outlook.txt", result.stderr)
    assert_kept(KEPT / "restore.txt", result.stdout)
    assert_kept(KEPT / "restore.json", run("restore", "--replace", "--yes", "--json").stdout)


def test_where_nobody_can_be_asked_nothing_is_done(run: Run, host: Fleet) -> None:
    result = run("restore", "--replace")
    assert result.exit_code == 2
    assert "say --yes" in result.stderr
    assert [op for op, _ in asked(host)] == ["data-restore-look"]


@pytest.mark.parametrize(
    ("words", "fields"),
    [
        (("20261127-030412",), {"backup": "20261127-030412"}),
        (("--to", "yesterday"), {"to": "yesterday"}),
        (("--table", "orders"), {"table": "orders"}),
        (("--snapshot",), {"snapshot": True, "replace": True}),
        (("--at", "2026-11-28 14:00", "--replace"), {"at": "2026-11-28 14:00", "replace": True}),
        (("--snapshot", "v12", "--to", "/root/look"), {"backup": "v12", "snapshot": True, "to": "/root/look"}),
    ],
)
def test_the_host_is_asked_for_what_was_wished(run: Run, host: Fleet, words: list[str], fields: dict[str, Any]) -> None:
    run("restore", *words, "--yes")
    plain = {"backup": "", "snapshot": False, "at": "", "to": "", "table": "", "replace": False}
    assert asked(host)[0] == ("data-restore-look", {**plain, **fields})


def test_a_moment_is_named_in_the_words_of_whoever_asked(run: Run, host: Fleet) -> None:
    result = run("restore", "--at", "2026-11-28 14:00", "--replace", "--yes")
    assert "The database of" in result.stderr
    assert "at 2026-11-28 14:00" in result.stderr
    assert "is as it was at 2026-11-28 14:00\n" in result.stdout
    assert "at the end of the archive" in run("restore", "--at", "latest", "--replace", "--yes").stdout


def test_files_may_come_from_a_backup_beside_it(run: Run, host: Fleet) -> None:
    host.answers["data-restore"] = {**DONE, "reached": "2026-11-28T13:59:58Z"}
    result = run("restore", "20261127-030412", "--at", "latest", "--replace", "--yes")
    assert "at the end of the archive, and the files of backup 20261127-030412" in result.stderr
    assert "the last change in it was made 2026-11-28T13:59:58Z" in result.stdout
    assert asked(host)[1][1]["backup"] == "20261127-030412"


def test_a_moment_is_no_snapshot(run: Run, host: Fleet) -> None:
    result = run("restore", "--snapshot", "--at", "latest")
    assert (result.exit_code, "say one" in result.stderr) == (2, True)
    assert asked(host) == []


def test_a_refusal_is_told_before_anything_is_asked(run: Run, host: Fleet) -> None:
    host.answers["data-restore-look"] = HostError(
        "database guestbook is not empty", host="web1", code="not-empty", exit_code=1, remedy="say --replace"
    )
    result = run("restore")
    assert (result.exit_code, "say --replace" in result.stderr) == (1, True)
    assert [op for op, _ in asked(host)] == ["data-restore-look"]


def test_with_several_hosts_one_has_to_be_named(run: Run, host: Fleet, folder: Path) -> None:
    host.names = ("root@web1.example.com", "root@web2.example.com")
    file = folder / "seawall.toml"
    file.write_text(file.read_text().replace('hosts = ["root@web1', 'hosts = ["root@web2.example.com", "root@web1'))
    result = run("restore")
    assert result.exit_code == 2
    assert "--host: root@web1.example.com, root@web2.example.com" in result.stderr


def test_a_drill_says_what_it_has_proven(run: Run, host: Fleet) -> None:
    assert_kept(KEPT / "drill.txt", run("drill").stdout)
    assert_kept(KEPT / "drill.json", run("drill", "--json").stdout)


def test_a_drill_that_finds_something_needs_a_person(run: Run, host: Fleet) -> None:
    host.answers["data-drill"] = HostError(
        "the database restored from backup 20261128-030412 is not what was backed up",
        host="web1",
        code="not-as-backed-up",
        exit_code=4,
        output="public.orders has 7 rows and had 8 rows",
    )
    result = run("drill")
    assert result.exit_code == 4
    assert "public.orders has 7 rows and had 8 rows" in result.stderr
