from __future__ import annotations

import json

import pytest

from seawall.cli import console
from seawall.errors import HostError

from .conftest import Fleet, Run
from .golden import KEPT, assert_kept
from .plans import a_plan, host_plan, new_release, nothing_new


@pytest.fixture
def person(monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody is there to answer."""
    monkeypatch.setattr(console, "can_ask", lambda: True)


def test_without_a_terminal_and_without_yes_nothing_is_even_planned(run: Run, fleet: Fleet) -> None:
    result = run("deploy")
    assert result.exit_code == 2
    assert "--yes" in result.stderr
    assert "changes on" not in result.stderr
    assert fleet.deployed == []


def test_with_yes_the_plan_is_shown_and_carried_out(run: Run, fleet: Fleet) -> None:
    result = run("deploy", "--yes")
    assert result.exit_code == 0
    assert fleet.deployed == [fleet.plan]
    assert "5 changes on 1 host" in result.stderr
    assert "v13 staged 0.12 s" in result.stderr
    assert result.stdout.startswith("v13 is live: https://guestbook.example.com (")
    assert "seawall rollback" in result.stdout


def test_a_yes_deploys(run: Run, fleet: Fleet, person: None) -> None:
    result = run("deploy", input="y\n")
    assert "Deploy this? [y/N]" in result.stderr
    assert (result.exit_code, fleet.deployed) == (0, [fleet.plan])


@pytest.mark.parametrize("answer", ["n\n", "\n"])
def test_anything_else_does_not(run: Run, fleet: Fleet, person: None, answer: str) -> None:
    result = run("deploy", input=answer)
    assert (result.exit_code, fleet.deployed) == (1, [])
    assert "nothing was changed" in result.stderr


def test_an_empty_plan_is_said_and_not_asked_about(run: Run, fleet: Fleet, person: None) -> None:
    fleet.plan = a_plan(host_plan(changes=(), release=nothing_new()))
    result = run("deploy")
    assert (result.exit_code, result.stdout, fleet.deployed) == (0, "", [])
    assert result.stderr == "Nothing to do: v12 is live and as it should be.\n"


def test_a_dry_run_is_the_plan(run: Run, fleet: Fleet) -> None:
    assert run("deploy", "--dry-run").stdout == run("plan").stdout
    assert run("deploy", "--dry-run", "--json").stdout == run("plan", "--json").stdout
    assert fleet.deployed == []


def test_notes_are_shown_before_the_deployment(run: Run, fleet: Fleet) -> None:
    fleet.plan = a_plan(host_plan(release=new_release()), notes=("the certificate is self-signed",))
    assert "note: the certificate is self-signed" in run("deploy", "--yes").stderr


def test_a_failure_of_the_host_is_told_and_decides_the_exit_code(run: Run, fleet: Fleet) -> None:
    fleet.answers["deploy"] = HostError("no answer", host="web1", code="needs-person", exit_code=4, state="look at it")
    result = run("deploy", "--yes", "--json")
    assert result.exit_code == 4
    assert json.loads(result.stdout)["error"]["state"] == "look at it"
    assert "error: no answer" in result.stderr


def test_deploy_as_json_is_the_kept_contract(run: Run, fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("seawall.cli.deploying.time.monotonic", iter([1.0, 5.25]).__next__)
    assert_kept(KEPT / "deploy.json", run("deploy", "--yes", "--json").stdout)


def test_the_way_back_names_the_environment_and_a_first_release_has_none(run: Run, fleet: Fleet) -> None:
    fleet.plan = a_plan(host_plan(release=new_release()), environment="staging")
    assert "seawall rollback -e staging" in run("deploy", "--yes", "-e", "staging").stdout
    fleet.plan = a_plan(host_plan(release=new_release(), live=""))
    assert "rollback" not in run("deploy", "--yes").stdout


@pytest.mark.parametrize(
    ("settings", "address"),
    [
        ({}, "https://guestbook.example.com"),
        ({"domains": []}, "https://web1.example.com"),
        ({"domains": [], "tls": {"mode": "off"}}, "http://web1.example.com"),
    ],
)
def test_it_says_where_the_app_answers(run: Run, fleet: Fleet, settings: dict[str, object], address: str) -> None:
    fleet.plan = a_plan(host_plan(release=new_release()), **settings)
    assert f"v13 is live: {address} (" in run("deploy", "--yes").stdout


def test_without_a_configuration_up_names_init(run: Run, folder) -> None:
    (folder / "seawall.toml").unlink()
    result = run("up")
    assert result.exit_code == 2
    assert "seawall init" in result.stderr


def test_up_says_where_the_app_is_how_to_trust_it_and_how_to_stop_it(run: Run, fleet: Fleet, folder) -> None:
    local = a_plan(
        host_plan("local", release=new_release()), notes=("there is no nginx",), environment="local", directory=folder
    )
    fleet.plan = local
    result = run("up")
    assert result.exit_code == 0
    for part in ("guestbook v13 is up: https://localhost:8443", ".seawall/local/tls/ca.crt", "seawall down"):
        assert part in result.stdout
    assert "there is no nginx" in result.stdout
    assert (folder / ".seawall/local/tls/ca.crt").exists()
