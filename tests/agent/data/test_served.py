"""What a database's host tells the tool, and the way that the app's hosts take to it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from seawall.agent.data import installed, served
from seawall.agent.errors import AgentError
from seawall.agent.places import Places
from seawall.stack.layout import layout_of


def told_of(folder: Path, app: str, **database: object) -> None:
    state = folder / app / "state"
    state.mkdir(parents=True)
    (state / "data.json").write_text(json.dumps({"database": database or None}))


def test_it_knows_who_may_come_and_where_other_apps_databases_listen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(installed, "CLUSTERS", tmp_path / "none")
    told_of(tmp_path, "shop", kind="postgresql", address="10.0.0.9", clients=["10.0.0.1"])
    told_of(tmp_path, "ledger", kind="postgresql", address="10.1.0.9", clients=["10.1.0.1"], slot="seawall_ledger")
    told_of(tmp_path, "plain", kind="postgresql", address="")
    told_of(tmp_path, "none")
    mine = Places(replace(layout_of("shop"), base=str(tmp_path / "shop")))
    assert served.told(mine) == {
        "certificate": "",
        "clients": ["10.0.0.1"],
        "follows": False,
        "followed": ["ledger"],
        "others": ["10.1.0.9"],
    }


def test_the_way_is_by_the_address_that_the_route_has() -> None:
    assert served.way("127.0.0.1") == "127.0.0.1"


def test_an_address_without_a_route_is_told_with_its_remedy() -> None:
    with pytest.raises(AgentError, match="no way to the database's address") as raised:
        served.way("no address")
    assert "[database] address" in raised.value.remedy
