"""What restores have put aside is shown, goes by itself once nobody can miss it, and nothing else ever goes."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from seawall.agent.data import aside
from seawall.agent.data.engines import naming
from seawall.agent.data.vocabulary import DrillSettings, Repository
from seawall.agent.errors import BadRequest

from .backed_up import App, an_app

OLD, NEW = "20261001_120000", "20261128_120000"


@pytest.fixture
def app(tmp_path: Path) -> App:
    """Two restores ago and one restore ago, with another database of the app's own beside."""
    made = an_app(tmp_path / "app", Repository("/backups", ""))
    made.data = replace(made.data, drill=DrillSettings(at="daily"))
    made.write("one", photo="a photo")
    for stamp in (OLD, NEW):
        shutil.copy(made.engine.own, made.engine.path(f"tiny_before_{stamp}"))
        shutil.copytree(made.folder, made.folder.with_name(f"data_before_{stamp}"))
    shutil.copy(made.engine.own, made.engine.path("users"))
    return made


def names(app: App) -> list[str]:
    return [Path(one.name).name for one in aside.kept(app.data)]


def test_what_is_kept_is_told_oldest_first_with_its_size_and_until_when(app: App) -> None:
    told = aside.listed(app.data)
    assert told["database"] == {"name": "tiny", "bytes": app.engine.own.stat().st_size}
    found = [(one["kind"], Path(one["name"]).name, one["since"], one["until"]) for one in told["kept"]]
    assert found == [
        ("database", f"tiny_before_{OLD}", "2026-10-01T12:00:00Z", "2026-10-31T12:00:00Z"),
        ("folder", f"data_before_{OLD}", "2026-10-01T12:00:00Z", "2026-10-31T12:00:00Z"),
        ("database", f"tiny_before_{NEW}", "2026-11-28T12:00:00Z", "2026-12-28T12:00:00Z"),
        ("folder", f"data_before_{NEW}", "2026-11-28T12:00:00Z", "2026-12-28T12:00:00Z"),
    ]
    assert all(one["bytes"] for one in told["kept"])


def test_only_a_proven_backup_made_thirty_days_later_removes_what_is_kept(app: App) -> None:
    said: list[str] = []
    aside.expire(app.data, "20261031-115959", said.append)
    assert (len(names(app)), said) == (4, [])
    aside.expire(app.data, "20261031-120000-2", said.append)
    assert names(app) == [f"tiny_before_{NEW}", f"data_before_{NEW}"]
    assert "is removed: a backup made 30 days later is proven" in said[0]
    assert (app.rows(), app.rows("users")) == (["one"], ["one"])


def test_where_no_backup_is_ever_proven_all_of_it_stays(app: App) -> None:
    app.data = replace(app.data, drill=DrillSettings())
    aside.expire(app.data, "20281128-120000", lambda _: None)
    assert len(names(app)) == 4
    assert {one.until for one in aside.kept(app.data)} == {""}


@pytest.mark.parametrize("name", ["tiny", "users", "data", "", "../data", "tiny_before_20260101_120000"])
def test_nothing_but_what_is_kept_is_ever_removed(app: App, name: str) -> None:
    with pytest.raises(BadRequest, match="nothing that a restore or a copy has put aside"):
        aside.drop(app.data, name, "ada@desk")
    assert (len(names(app)), app.rows(), app.rows("users")) == (4, ["one"], ["one"])


def test_one_is_removed_by_its_name_and_that_is_written_down(app: App) -> None:
    for one in aside.kept(app.data)[:2]:
        aside.drop(app.data, one.name, "ada@desk")
    assert names(app) == [f"tiny_before_{NEW}", f"data_before_{NEW}"]
    assert [(run.job, run.ok, bool(run.bytes)) for run in app.runs()] == [("drop", True, True)] * 2


def test_a_name_says_since_when_it_is_kept_and_fits() -> None:
    long = naming.before("é" * 63, ())
    assert len(long.encode()) <= naming.LONGEST
    twice = naming.before("tiny", [naming.before("tiny", ())])
    assert all(naming.kept_since(name) for name in (twice, long))
    assert [naming.kept_since(name) for name in ("tiny", "tiny_before", "tiny_before_20261128_120000x")] == ["", "", ""]
