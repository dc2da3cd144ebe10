"""`seawall explain server`: the sum behind the workers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from seawall.agent.vocabulary import Measured, Serving, to_wire
from seawall.operations import hosts as hosts_module

from .conftest import Fleet, Run
from .golden import KEPT, assert_kept

MB = 1_000_000
SERVED = Measured("v12", Serving("gunicorn", 3, 4), 31 * MB, 212 * MB, 60 * MB, served=True)


@pytest.fixture
def known(fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Hosts of this size, and what is known of memory there: a test may change it."""
    memory = {
        "measured": [{**to_wire(SERVED), "live": True}],
        "others": {"blog": 180 * MB, "shop": 0},
        "connections": 0,
        "mariadb_connections": 0,
        "pool_unused": False,
        "databases": [],
    }
    facts = {"cores": 3, "memory_bytes": 2_000 * MB}

    def connect(*arguments: Any) -> list[Any]:
        made = fleet.connect(*arguments)
        for host in made:
            host.session.facts = facts
            host.app["memory"] = memory
        return made

    monkeypatch.setattr(hosts_module, "connect", connect)
    return {"memory": memory, "facts": facts}


def test_the_sum_is_shown_line_by_line(run: Run, known: dict[str, Any], folder: Path) -> None:
    settings = folder / "seawall.toml"
    settings.write_text(settings.read_text() + '[server]\nkind = "gunicorn"\n')
    result = run("explain", "server")
    assert result.exit_code == 0
    assert_kept(KEPT / "explain-server.txt", result.stdout)
    assert_kept(KEPT / "explain-server.json", run("explain", "server", "--json").stdout)


def test_before_the_first_deployment_it_is_said_to_be_an_estimate(run: Run, known: dict[str, Any]) -> None:
    known["memory"].update(measured=[], others={})
    assert "an estimate, until a deployment has measured it" in run("explain", "server").stdout


def test_a_kind_that_was_chosen_for_the_app_has_its_reason(run: Run, known: dict[str, Any]) -> None:
    said = run("explain", "server").stdout.splitlines()[1]
    assert said.startswith("  gunicorn: ")
    assert "server.kind" not in said


def test_a_host_that_says_nothing_of_its_memory_has_workers_by_its_cores(run: Run, known: dict[str, Any]) -> None:
    known["facts"]["memory_bytes"] = 0
    assert "so 6 workers: that is what the cores can use" in run("explain", "server").stdout


@pytest.mark.parametrize(
    ("change", "said"), [("workers = 1", "as `server.workers` says"), ('kind = "waitress"', "one process")]
)
def test_what_decided_is_said(run: Run, known: dict[str, Any], folder: Path, change: str, said: str) -> None:
    settings = folder / "seawall.toml"
    settings.write_text(settings.read_text() + f"[server]\n{change}\n")
    assert said in run("explain", "server").stdout.splitlines()[-1]
