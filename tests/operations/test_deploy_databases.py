"""A deployment whose database has hosts of its own: in which order all are made ready, and taken back together."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from seawall.config.model import App, Project
from seawall.errors import HostError
from seawall.operations.data.database_host import DatabasePlan
from seawall.operations.deploy import deploy
from seawall.operations.hosts import Host
from seawall.operations.plan import HostPlan, Plan, ReleasePlan
from seawall.operations.tree import Tree
from seawall.stack.layout import layout_of
from seawall.stack.targets import ServerTarget

Ask = Callable[..., dict[str, Any]]


def host(name: str, answer: Ask) -> Host:
    session: Any = SimpleNamespace(request=lambda op, _hear=None, **_: answer(name, op), cancel=lambda: None)
    return Host(name, ServerTarget(name), session, layout_of("shop"), {"live": "v1", "running": ["v1"], "next": "v2"})


def plan(folder: Path, answer: Ask) -> Plan:
    """One host of the app's with a new release, a database and its replica that change."""
    told = {"name": "shop", "app": App(entry="shop:app"), "directory": folder, "release": {"migrate": "flask up"}}
    none: dict[str, list[str]] = {"added": [], "changed": [], "removed": []}
    composition: Any = None
    release = ReleasePlan("v1", True, none, none, False, [], [])
    change: Any = object()
    databases = tuple(DatabasePlan(host(name, answer), (change,), "f") for name in ("db", "copy"))
    app = HostPlan(host("web", answer), composition, (), release, {}, "f")
    return Plan(Project.model_validate(told), Tree(folder, ()), [app], (), databases=databases)


def test_the_primary_is_first_then_its_replica_and_the_database_is_saved_before_the_app_migrates(
    tmp_path: Path,
) -> None:
    asked: list[tuple[str, str]] = []

    def answer(name: str, op: str) -> dict[str, Any]:
        asked.append((name, op))
        return {"snapshot": "v2"} if op == "data-snapshot" else {}

    told = [str(one) for one in deploy(plan(tmp_path, answer))]
    assert asked[:4] == [("db", "prepare"), ("copy", "prepare"), ("db", "data-snapshot"), ("web", "prepare")]
    assert sorted(asked[4:]) == [("copy", "commit"), ("db", "commit"), ("web", "commit")]
    assert any("snapshot v2" in one for one in told)


@pytest.mark.parametrize(
    ("failing", "undone"),
    [
        (("copy", "prepare"), ["db"]),
        (("db", "data-snapshot"), ["copy", "db"]),
        (("web", "prepare"), ["copy", "db"]),
    ],
)
def test_whatever_fails_takes_back_what_was_ready(tmp_path: Path, failing: tuple[str, str], undone: list[str]) -> None:
    asked: list[tuple[str, str]] = []

    def answer(name: str, op: str) -> dict[str, Any]:
        asked.append((name, op))
        if (name, op) == failing:
            raise HostError("it failed", host=name, code="migration-failed", exit_code=1, remedy="look at it")
        return {"snapshot": "v2", "aftermath": ""}

    with pytest.raises(HostError, match="it failed") as raised:
        list(deploy(plan(tmp_path, answer)))
    assert sorted(name for name, op in asked if op == "abort") == undone
    assert not [op for _, op in asked if op == "commit"]
    told = "look at it; `seawall restore --snapshot v2` puts the database back as it was before this deployment"
    assert raised.value.remedy == (told if failing[0] == "web" else "look at it")
