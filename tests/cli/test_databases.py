"""What `seawall database list` and `drop` ask of hosts, and say of their answers."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from seawall.agent.data.aside import Kept
from seawall.cli.render.databases import databases_data, databases_lines
from seawall.operations.data.databases import Databases

from .conftest import Fleet, Run
from .golden import KEPT, assert_kept, text_of

NOW = datetime(2026, 12, 2, 15, 0, tzinfo=UTC)
DATABASE: dict[str, Any] = {
    "kind": "database",
    "name": "guestbook_before_20261128_142213",
    "bytes": 1_180_000_000,
    "since": "2026-11-28T14:22:13Z",
    "until": "2026-12-28T14:22:13Z",
}
FOLDER = {
    **DATABASE,
    "kind": "folder",
    "name": "/srv/guestbook/data_before_20261128_142213",
    "bytes": 52_000,
    "until": "",
}
ANSWER = {"database": {"name": "guestbook", "bytes": 1_250_000_000}, "kept": [DATABASE, FOLDER]}
WEB1 = "root@web1.example.com"
FOUND = Databases(WEB1, "guestbook", 1_250_000_000, (Kept(**DATABASE), Kept(**FOLDER)))


@pytest.fixture
def host(fleet: Fleet) -> Fleet:
    fleet.answers["data-databases"] = ANSWER
    fleet.answers["data-drop"] = DATABASE
    return fleet


def dropped(fleet: Fleet) -> list[tuple[str, str]]:
    return [(host, fields["name"]) for host, op, fields in fleet.asked if op == "data-drop"]


def test_what_is_kept_is_listed_with_its_size_its_age_and_when_it_goes() -> None:
    assert_kept(KEPT / "database-list.txt", text_of(databases_lines([FOUND], NOW)))
    document = {"version": 1, **databases_data("guestbook", [FOUND], NOW)}
    assert_kept(KEPT / "database-list.json", json.dumps(document, indent=2) + "\n")


def test_the_list_is_of_each_host(run: Run, host: Fleet, folder: Path) -> None:
    host.names = (WEB1, "root@web2.example.com")
    file = folder / "seawall.toml"
    file.write_text(file.read_text().replace('hosts = ["root@web1', 'hosts = ["root@web2.example.com", "root@web1'))
    told = json.loads(run("database", "list", "--json").stdout)
    assert [(one["host"], len(one["kept"])) for one in told["hosts"]] == [(name, 2) for name in host.names]


def test_one_that_is_kept_is_removed_when_that_is_said_twice(run: Run, host: Fleet) -> None:
    unsaid = run("database", "drop", DATABASE["name"])
    assert (unsaid.exit_code, dropped(host)) == (2, [])
    said = run("database", "drop", DATABASE["name"], "--yes")
    assert (said.exit_code, dropped(host)) == (0, [(WEB1, DATABASE["name"])])
    assert said.stdout == f"{WEB1}: {DATABASE['name']} is removed: 1.2 GB\n"
    assert_kept(KEPT / "database-drop.json", run("database", "drop", DATABASE["name"], "--yes", "--json").stdout)


def test_the_live_database_is_nothing_that_is_kept(run: Run, host: Fleet) -> None:
    told = run("database", "drop", "guestbook", "--yes")
    assert (told.exit_code, dropped(host)) == (2, [])
    assert "guestbook is kept on no host" in told.stderr
