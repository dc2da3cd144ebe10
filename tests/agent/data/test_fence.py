"""The marks of a promotion: what a fenced server is kept from, and that another one in its place is free."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from seawall.agent import files, process
from seawall.agent.data import control, fence, installed, jobs, promotion, psql, served
from seawall.agent.data.control import Control
from seawall.agent.data.fence import Fence, Promotion
from seawall.agent.data.vocabulary import Data, Database, data_to_wire
from seawall.agent.errors import AgentError, ApplyFailed, DiskFull
from seawall.agent.places import Places
from seawall.stack.layout import layout_of

DB2 = "root@db2.example.com"
FENCE = Fence("7", DB2, "ada@desk", "2026-11-28T20:00:00Z", "0/5000028")
PROMOTION = Promotion("7", "root@db1.example.com", "10.0.0.9", "ada@desk", "2026-11-28T20:00:00Z", fenced=False)
CONTROL = """\
pg_control version number:            1300
Database system identifier:           7424
Database cluster state:               shut down
pg_control last modified:             Sat Nov 28 20:00:00 2026
Latest checkpoint location:           0/5000028
Latest checkpoint's REDO location:    0/5000028
Latest checkpoint's TimeLineID:       2
"""


@pytest.fixture
def cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cluster whose identifier is 7, down: its settings in the folder, its data beside it."""
    folder, data = tmp_path / "etc", tmp_path / "data"
    folder.mkdir()
    data.mkdir()
    (folder / "start.conf").write_text("auto\n")
    monkeypatch.setattr(fence, "_folder", lambda _version: folder)
    monkeypatch.setattr(fence, "_data", lambda _version: str(data))
    monkeypatch.setattr(control, "read", lambda _version: Control("7", control.SHUT_DOWN, "0/5000028", 1))
    monkeypatch.setattr(process, "check", lambda argv, **_: Path(argv[-1]).touch())
    monkeypatch.setattr(installed, "postgresql", lambda: "15")
    monkeypatch.setattr(psql, "runs", lambda _version: False)
    return folder


def place(tmp_path: Path, database: Database) -> Places:
    base = tmp_path / "shop"
    (base / "state").mkdir(parents=True)
    data = Data("shop", str(base), "shop", database)
    (base / "state" / "data.json").write_text(json.dumps(data_to_wire(data)))
    return Places(replace(layout_of("shop"), base=str(base)))


def test_a_fenced_server_is_started_by_nothing_and_takes_no_changes_by_hand(cluster: Path, tmp_path: Path) -> None:
    fence.put_up("15", FENCE)
    assert (cluster / "start.conf").read_text() == "disabled\n"
    assert (tmp_path / "data" / "standby.signal").exists()
    assert fence.fence("15") == FENCE
    with pytest.raises(ApplyFailed, match=r"so that root@db2\.example\.com takes its place") as raised:
        fence.must_not_be("15")
    assert 'host = "root@db2.example.com"' in raised.value.remedy


def test_a_fence_that_is_taken_back_leaves_nothing(cluster: Path, tmp_path: Path) -> None:
    fence.put_up("15", FENCE)
    fence.take_down("15")
    assert (cluster / "start.conf").read_text() == "auto\n"
    assert not (tmp_path / "data" / "standby.signal").exists()
    assert fence.fence("15") is None
    fence.must_not_be("15")


def test_another_server_that_is_made_in_its_place_is_free(cluster: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fence.put_up("15", FENCE)
    fence.keep_promotion("15", PROMOTION)
    monkeypatch.setattr(control, "read", lambda _version: Control("8", "in production", "0/1", 1))
    assert (fence.fence("15"), fence.promotion("15")) == (None, None)


def test_a_mark_that_cannot_be_read_is_no_leave_to_write(cluster: Path) -> None:
    (cluster / "seawall_fence.json").write_text("{")
    with pytest.raises(AgentError, match="cannot be read"):
        fence.fence("15")


def test_what_becomes_a_replica_is_neither_fenced_nor_promoted_any_more(cluster: Path) -> None:
    fence.keep_promotion("15", PROMOTION)
    fence.put_up("15", FENCE)
    assert fence.lift("15") == FENCE
    assert (fence.fence("15"), fence.promotion("15")) == (None, None)
    assert (cluster / "start.conf").read_text() == "auto\n"


def test_start_conf_of_a_server_that_was_never_fenced_is_left_as_it_is(cluster: Path) -> None:
    (cluster / "start.conf").write_text("manual\n")
    assert fence.lift("15") is None
    assert (cluster / "start.conf").read_text() == "manual\n"


def test_no_timer_backs_up_what_is_fenced(
    cluster: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    ran: list[str] = []
    monkeypatch.setitem(jobs.JOBS, "backup", lambda data, _say: ran.append(data.app))
    places = place(tmp_path, Database("postgresql", "shop", "shop", address="10.0.0.9", role="primary"))
    assert jobs.run("backup", str(places.base)) == 0
    fence.put_up("15", FENCE)
    assert jobs.run("backup", str(places.base)) == 0
    assert ran == ["shop"]
    assert "fenced" in capsys.readouterr().out


def test_status_says_that_it_is_fenced_and_when_it_runs_all_the_same(
    cluster: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    places = place(tmp_path, Database("postgresql", "shop", "shop", address="10.0.0.9", role="primary"))
    fence.put_up("15", FENCE)
    known = served.standing(places) or {}
    assert (known["role"], known["fault"]) == ("former primary", "")
    monkeypatch.setattr(psql, "runs", lambda _version: True)
    known = served.standing(places) or {}
    assert (known["role"], known["fault"]) == ("former primary", "it is fenced, and runs all the same")


def test_an_old_primary_that_was_never_fenced_is_told_of_when_it_is_back(
    cluster: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    places = place(tmp_path, Database("postgresql", "shop", "shop", address="10.0.0.10", role="primary"))
    monkeypatch.setattr(psql, "ask", lambda _: [])
    asked: list[str] = []

    def answers(address: str) -> bool:
        asked.append(address)
        return True

    monkeypatch.setattr(promotion, "answers", answers)
    fence.keep_promotion("15", PROMOTION)
    known = served.standing(places) or {}
    assert known["fault"].startswith("root@db1.example.com, whose place it took, answers at 10.0.0.9 again")
    fence.keep_promotion("15", Promotion(**{**vars(PROMOTION), "fenced": True}))
    known = served.standing(places) or {}
    assert (known["fault"], asked) == ("", ["10.0.0.9"])


def test_the_control_file_tells_an_orderly_end_and_where_it_was() -> None:
    assert control.parse(CONTROL) == Control("7424", "shut down", "0/5000028", 2)


def test_a_server_that_is_down_and_could_not_be_fenced_serves_on(
    cluster: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []

    def full(_path: str) -> None:
        raise DiskFull("the disk is full")

    monkeypatch.setattr(promotion, "systemctl", lambda *words: told.append(words[2]))
    monkeypatch.setattr(files, "sync_filesystem", full)
    places = place(tmp_path, Database("postgresql", "shop", "shop", address="10.0.0.9", role="primary"))
    with pytest.raises(DiskFull):
        promotion.put_fence(places, {"successor": DB2, "by": "ada@desk"})
    assert told == ["start"]
    assert fence.fence("15") is None
    assert (cluster / "start.conf").read_text() == "auto\n"


def test_what_is_fenced_already_tells_where_its_log_ended(
    cluster: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fence.put_up("15", FENCE)
    monkeypatch.setattr(control, "read", lambda _version: Control("7", "shut down in recovery", "0/9", 1))
    places = place(tmp_path, Database("postgresql", "shop", "shop", address="10.0.0.9", role="primary"))
    assert promotion.put_fence(places, {"successor": DB2, "by": "ada@desk"}) == {"checkpoint": "0/5000028"}
    told = promotion.look(places, "seawall_shop")
    assert (told["role"], told["fenced"], told["checkpoint"]) == ("down", True, "0/5000028")


def test_a_server_with_other_apps_databases_names_them(cluster: Path, tmp_path: Path) -> None:
    place(tmp_path, Database("postgresql", "shop", "shop", address="10.0.0.9", role="primary"))
    (tmp_path / "blog" / "state").mkdir(parents=True)
    (tmp_path / "blog" / "state" / "data.json").write_text('{"database": {"kind": "postgresql"}}')
    places = Places(replace(layout_of("shop"), base=str(tmp_path / "shop")))
    assert promotion.look(places, "seawall_shop")["others"] == ["blog"]


def test_a_host_without_a_database_of_the_apps_cannot_be_promoted(cluster: Path, tmp_path: Path) -> None:
    with pytest.raises(AgentError, match="no PostgreSQL that other hosts of the app reach") as raised:
        promotion.look(place(tmp_path, Database("sqlite", path="/x")), "seawall_shop")
    assert raised.value.state == "nothing was changed"
