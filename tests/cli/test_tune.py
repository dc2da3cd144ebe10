"""What `seawall tune` says, and what it refuses; what it does is tested on this machine and on a host."""

from __future__ import annotations

import json
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from seawall.agent.vocabulary import Event
from seawall.cli.render import tune as render
from seawall.operations import hosts as hosts_module
from seawall.operations.events import Progress
from seawall.operations.tune import Tuned, Turn
from seawall.operations.tuning.analysis import Result, Run
from seawall.operations.tuning.candidates import Candidate
from seawall.operations.tuning.proposal import Proposal
from seawall.operations.tuning.trials import Order

from .conftest import Fleet
from .conftest import Run as RunCommand
from .golden import KEPT, assert_kept, text_of

NOW = Candidate("gunicorn", 3, 4)
BEST = Candidate("gunicorn", 3, 4, preload=True)
BUSY = Candidate("uwsgi", 3, 4)
UNFIT = Candidate("waitress", 1, 4)
DIFF = "--- seawall.toml\n+++ seawall.toml\n@@ -4,3 +4,4 @@\n [server]\n workers = 3\n+preload = true"


def turn(*rates: float, memory: int, busy: float = 0.2, failed: int = 0) -> Run:
    return Run(rates, (31.4, 8.0), failed, "answered 500" if failed else "", memory, busy)


TUNED = Tuned(
    NOW,
    BEST,
    ("/", "/health"),
    (
        (Result(NOW, (turn(800, 2000, memory=180_000_000),) * 3), 1.0),
        (Result(BUSY, (turn(790, 2100.5, memory=170_000_000, busy=0.95, failed=2),)), 1.018),
        (Result(UNFIT, (), "waitress does not stay up (exited: exit status 1)"), 0.0),
        (Result(BEST, (turn(1200, 2900, memory=96_000_000),) * 3), 1.4747),
    ),
    58.25,
    True,
    1.73,
)
PROPOSAL = Proposal("…", DIFF, ("the host needs a package",))
PICTURE = "/home/ada/guestbook/.seawall/tune.svg"


def test_a_table_a_plot_and_what_follows() -> None:
    lines = [*render.tuned_lines(TUNED, PICTURE), *render.proposal_lines(PROPOSAL, written=False)]
    assert_kept(KEPT / "tune.txt", text_of(lines))


def test_as_json_it_is_the_kept_contract() -> None:
    data = render.tuned_data(TUNED, PROPOSAL, PICTURE, written=False)
    assert_kept(KEPT / "tune.json", json.dumps({"version": 1, **data}, indent=2) + "\n")


def test_the_picture_is_kept() -> None:
    assert_kept(KEPT / "tune.svg", render.picture("guestbook", TUNED))


def test_where_nothing_is_quicker_that_is_said_and_nothing_is_proposed() -> None:
    same = Tuned(NOW, NOW, TUNED.routes, TUNED.results[:1], 5.0, False)
    assert "gunicorn 3×4 stays" in text_of(render.tuned_lines(same, PICTURE))
    assert list(render.proposal_lines(Proposal(), written=False)) == []


def test_how_long_it_will_take_is_said_beforehand() -> None:
    assert text_of(render.plan_lines("local", Order(("/", "/health"), visitors=1))) == (
        "on this machine: 1 visitor at a time asking for / and /health, about 0.5 s each turn\n"
        "takes up to 1 min 0 s, and as long as the servers need to be installed\n"
    )


@pytest.mark.parametrize(
    ("telling", "said"),
    [
        (Turn(NOW, 2, turn(800.4, 2000, memory=1)), "round 2  gunicorn 3×4: 800/s, 2000/s\n"),
        (Turn(BUSY, 1, turn(1, 2, memory=1, failed=2)), "round 1  uwsgi 3×4: 1/s, 2/s, 2 failed (answered 500)\n"),
        (Turn(UNFIT, 1, None, "does not stay up"), "round 1  waitress 1×4: does not stay up\n"),
        (Progress("local", Event("step", "built", "done", seconds=12.3)), "built 12.3 s\n"),
        (Progress("local", Event("step", "built", "done", seconds=0.1)), ""),
        (Progress("local", Event("note", text="left out")), "left out\n"),
    ],
)
def test_each_turn_is_told_and_what_takes_long(telling: Any, said: str) -> None:
    assert text_of(render.telling_lines(telling)) == said


# --- refusals


def with_memory(fleet: Fleet, monkeypatch: pytest.MonkeyPatch, others: dict[str, int]) -> None:
    def connect(*arguments: Any) -> list[Any]:
        made = fleet.connect(*arguments)
        for host in made:
            host.app["memory"] = {"measured": [], "others": others, "connections": 0}
        return made

    monkeypatch.setattr(hosts_module, "connect", connect)


@pytest.mark.parametrize(("live", "others"), [("v12", {}), ("v12", {"shop": 1})])
def test_a_host_that_serves_visitors_is_left_alone(
    run: RunCommand, fleet: Fleet, monkeypatch: pytest.MonkeyPatch, live: str, others: dict[str, int]
) -> None:
    with_memory(fleet, monkeypatch, others)
    monkeypatch.setattr("seawall.operations.plan.read_project", lambda project: type("W", (), {"project": project}))
    result = run("tune", "--host", "root@web1.example.com")
    assert result.exit_code == 2
    assert "serves visitors" in result.stderr
    assert all(name in result.stderr for name in others)
    assert "--yes-on-live" in result.stderr
    assert not [op for _, op, _ in fleet.asked if op in ("plan", "try")]


def test_a_strange_host_is_refused(run: RunCommand) -> None:
    result = run("tune", "--host", "root@elsewhere")
    assert result.exit_code == 2


def test_too_little_time_is_refused(run: RunCommand) -> None:
    assert run("tune", "--seconds", "1").exit_code == 2


# --- the proposal


@pytest.fixture
def done(monkeypatch: pytest.MonkeyPatch) -> None:
    """A tuning that comes to `BEST`, on a machine that is only said to be there."""

    @contextmanager
    def here(wanted: Any) -> Iterator[Any]:
        yield SimpleNamespace(name="local"), wanted

    def tune(*_: object) -> Generator[Turn, None, Tuned]:
        yield Turn(NOW, 1, turn(800, 2000, memory=1))
        return TUNED

    monkeypatch.setattr("seawall.operations.plan.read_project", lambda project: SimpleNamespace(project=project))
    monkeypatch.setattr("seawall.operations.tuning.place.on_this_machine", here)
    monkeypatch.setattr("seawall.operations.tune.tune", tune)


def test_what_is_proposed_is_written_only_when_that_is_wished(run: RunCommand, folder: Path, done: None) -> None:
    file = folder / "seawall.toml"
    before = file.read_text()
    proposed = run("tune", "--json")
    assert proposed.exit_code == 0, proposed.output
    assert (json.loads(proposed.stdout)["written"], file.read_text()) == (False, before)
    assert "+preload = true" in json.loads(proposed.stdout)["diff"]
    assert "round 1  gunicorn 3×4: 800/s, 2000/s" in proposed.stderr
    assert json.loads(run("tune", "--write", "--json").stdout)["written"] is True
    assert file.read_text() == f"{before}\n[server]\npreload = true\n"


def test_the_picture_lies_where_it_does_not_travel_unless_a_place_is_named(
    run: RunCommand, folder: Path, done: None, tmp_path: Path
) -> None:
    assert json.loads(run("tune", "--json").stdout)["picture"] == str(folder / ".seawall" / "tune.svg")
    assert (folder / ".seawall" / "tune.svg").read_text().startswith("<svg ")
    run("tune", "--svg", str(tmp_path / "mine.svg"))
    assert (tmp_path / "mine.svg").exists()
    assert run("tune", "--svg", "/nonexistent/mine.svg").exit_code == 2
