"""A small project, the command line run on it, and hosts that are only said to be there."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from seawall.agent.vocabulary import Event
from seawall.cli.main import cli
from seawall.operations import early as early_module
from seawall.operations import hosts as hosts_module
from seawall.operations import plan as plan_module
from seawall.operations.events import Happening, Progress

from .plans import a_plan, host_named

CONFIGURATION = """\
name = "guestbook"
domains = ["guestbook.example.com"]
hosts = ["root@web1.example.com"]
secrets = ["SECRET_KEY"]

[app]
entry = "guestbook:app"
requirements = ""

[environments.staging]
hosts = ["root@staging.example.com"]
"""

Run = Callable[..., Result]


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("NO_COLOR", "CI", "SEAWALL_DEBUG", "SEAWALL_KEY", "SEAWALL_KEY_FILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setattr(early_module, "begin", lambda *_: early_module.Early([]))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A project's folder."""
    folder = tmp_path / "guestbook"
    folder.mkdir()
    (folder / "seawall.toml").write_text(CONFIGURATION)
    return folder


@pytest.fixture
def run(folder: Path) -> Run:
    """Run `seawall -C FOLDER ARGUMENTS`, with ``input`` on standard input, which is no terminal."""

    def run(*arguments: str, input: str | bytes | None = None, **options: Any) -> Result:
        return CliRunner().invoke(cli, ["-C", str(folder), *arguments], input=input, prog_name="seawall", **options)

    return run


@dataclass
class Fleet:
    """Hosts that are only said to be there, and what was asked of them."""

    names: Sequence[str] = ("root@web1.example.com",)
    plan: Any = field(default_factory=a_plan)
    answers: dict[str, Any] = field(default_factory=dict)
    asked: list[tuple[str, str, dict[str, Any]]] = field(default_factory=list)
    deployed: list[Any] = field(default_factory=list)

    def connect(self, project: Any, ask: Any, only: Sequence[str] = (), early: Any = None) -> list[Any]:
        return [host_named(name, self) for name in self.names if not only or name in only]

    def request(self, host: str, op: str, tell: Any = None, **fields: Any) -> dict[str, Any]:
        self.asked.append((host, op, fields))
        answer = self.answers.get(op, {})
        if isinstance(answer, Exception):
            raise answer
        for event in answer.get("events", []) if tell else []:
            tell(event)
        return {name: value for name, value in answer.items() if name != "events"}

    def make_plan(
        self,
        project: Any,
        begun: Any,
        ask: Any,
        **_: Any,
    ) -> Any:
        return self.plan

    def deploy(self, plan: Any) -> Generator[Happening, None, Any]:
        from seawall.operations.deploy import Deployed

        self.deployed.append(plan)
        for item in plan.hosts:
            yield Progress(item.host.name, Event("step", "staged", "done", seconds=0.125))
        if isinstance(self.answers.get("deploy"), Exception):
            raise self.answers["deploy"]
        return Deployed("v13", {item.host.name: item.host.live for item in plan.hosts})


@pytest.fixture
def fleet(monkeypatch: pytest.MonkeyPatch) -> Fleet:
    """The seam: plans, deployments and sessions come from here, no host is touched."""
    from seawall.operations import deploy as deploy_module

    fleet = Fleet()
    monkeypatch.setattr(plan_module, "make_plan", fleet.make_plan)
    monkeypatch.setattr(deploy_module, "deploy", fleet.deploy)
    monkeypatch.setattr(hosts_module, "begin", lambda *_: None)
    monkeypatch.setattr(hosts_module, "connect", fleet.connect)
    return fleet
