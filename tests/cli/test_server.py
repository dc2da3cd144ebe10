from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from seawall.agent.vocabulary import Change
from seawall.operations import setup
from seawall.operations.setup import SetupPlan
from seawall.stack.host import Options, compose
from stack.host_cases import FRESH, SET_UP

from .conftest import Run
from .golden import KEPT, assert_kept

CALM = (Change("package", "ufw", "install"), Change("unit", "fail2ban.service", "start", "runs"))
GUARDED = (Change("firewall", "ufw", "create", "+ allow 22/tcp\nswitched on, now and at boot"),)
Plan = Callable[..., SetupPlan]


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Plan:
    """Whatever host is asked for, it is found like this; nothing is carried out but in name."""

    def found(
        changes: tuple[Change, ...] = GUARDED, *, fresh: bool = True, findings: tuple[str, ...] = ()
    ) -> SetupPlan:
        facts = FRESH if fresh else SET_UP
        made = replace(compose(facts, Options()), findings=findings)
        session: Any = SimpleNamespace(close=lambda: None)
        calm = CALM if fresh and changes else ()
        plan = SetupPlan("root@web1" if fresh else "deploy@web1", session, "", facts, made, calm, changes, "f")
        monkeypatch.setattr(setup, "make_plan", lambda *_: plan)
        return plan

    def carry_out(*_: object) -> Generator[None, None, setup.SetUp]:
        yield from ()
        return setup.SetUp(True, 4.2)

    monkeypatch.setattr(setup, "carry_out", carry_out)
    return found


def test_a_set_up_is_shown_before_it_is_made(server: Plan, run: Run) -> None:
    server()
    done = run("server", "setup", "root@web1", "--yes")
    assert done.exit_code == 0
    assert_kept(KEPT / "server-setup.txt", done.stderr + done.stdout)


def test_a_dry_run_shows_the_same_and_does_nothing(server: Plan, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    server()
    monkeypatch.delattr(setup, "carry_out")
    done = run("server", "setup", "root@web1", "--dry-run")
    assert done.exit_code == 0
    assert "+ package ufw" in done.stdout


def test_without_a_terminal_a_yes_must_be_said(server: Plan, run: Run) -> None:
    server()
    done = run("server", "setup", "root@web1")
    assert done.exit_code == 2
    assert "--dry-run" in done.stderr


def test_what_was_done_is_one_document(server: Plan, run: Run) -> None:
    server()
    assert_kept(KEPT / "server-setup.json", run("server", "setup", "root@web1", "--yes", "--json").stdout)


@pytest.mark.parametrize(
    ("changes", "findings", "options", "code"),
    [
        (GUARDED, (), "", 0),
        (GUARDED, (), "--exit-code", 3),
        ((), ("passwords let people in",), "--exit-code", 3),
        ((), (), "--exit-code", 0),
        (GUARDED, (), "--fix --yes --exit-code", 0),
        (GUARDED, ("passwords let people in",), "--fix --yes --exit-code", 3),
        (GUARDED, (), "--fix", 2),
    ],
)
def test_an_audit_answers_3_for_what_is_not_as_it_should_be_if_asked(
    server: Plan, run: Run, *, changes: tuple[Change, ...], findings: tuple[str, ...], options: str, code: int
) -> None:
    server(changes, fresh=False, findings=findings)
    assert run("server", "audit", "deploy@web1", *options.split()).exit_code == code


def test_an_audit_names_what_only_a_person_can_put_right(server: Plan, run: Run) -> None:
    server(fresh=False, findings=("passwords let people in: /etc/ssh/sshd_config:3 says so",))
    assert_kept(KEPT / "server-audit.txt", run("server", "audit", "deploy@web1").stdout)


def test_what_was_never_set_up_is_not_fixed(server: Plan, run: Run) -> None:
    server()
    assert "it was never set up" in run("server", "audit", "root@web1").stdout
    done = run("server", "audit", "root@web1", "--fix", "--yes")
    assert done.exit_code == 2
    assert "seawall server setup root@web1" in done.stderr


def test_a_wait_that_is_too_short_for_a_connection_is_refused(server: Plan, run: Run) -> None:
    assert run("server", "setup", "root@web1", "--yes", "--confirm-within", "5").exit_code == 2
