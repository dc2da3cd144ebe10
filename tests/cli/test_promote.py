"""`seawall database promote`: what it shows, asks and writes, and what it says when the deployment fails after it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from seawall.agent.vocabulary import Change
from seawall.cli import console
from seawall.errors import ConnectionFailed, HostError
from seawall.operations import hosts as hosts_module
from seawall.operations.data.database_host import DatabasePlan
from stack.database_standings import PRIMARY, STANDBY

from .conftest import CONFIGURATION, Fleet, Run
from .golden import KEPT, assert_kept
from .plans import NO_CHANGE, ReleasePlan, a_plan, host_named, host_plan

DB1, DB2 = "root@db1.example.com", "root@db2.example.com"
TABLE = f"""
[database]
kind = "postgresql"
host = "{DB1}"
replica = "{DB2}"
"""
GONE = Change("file", "/etc/postgresql/15/main/conf.d/seawall_replica.conf", "delete")
RELEASE = ReleasePlan("v12", True, NO_CHANGE, {**NO_CHANGE, "changed": ["DATABASE_URL"]}, False, [], [])


@pytest.fixture
def file(folder: Path) -> Path:
    path = folder / "seawall.toml"
    path.write_text(CONFIGURATION.replace("[environments.staging]", f"{TABLE}\n[environments.staging]"))
    return path


@pytest.fixture
def looks() -> dict[str, Any]:
    return {DB1: PRIMARY, DB2: STANDBY}


@pytest.fixture
def site(fleet: Fleet, file: Path, looks: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> Fleet:
    """An app's host and the replica's in the plan, and the old primary, which is connected to by itself."""

    def asked(name: str) -> Any:
        host = host_named(name, fleet)
        ask = host.session.request

        def request(op: str, tell: Any = None, **fields: Any) -> Any:
            return dict(looks[name]) if op == "data-promotion-look" else ask(op, tell, **fields)

        host.session.request = request  # type: ignore[method-assign]
        return host

    web = host_plan(changes=(), release=RELEASE)
    web.host = asked(web.host.name)
    fleet.plan = a_plan(web)
    fleet.plan.databases = (DatabasePlan(asked(DB2), (GONE,), "f"),)
    fleet.answers |= {
        "data-fence": {"checkpoint": "0/5000028"},
        "data-promote": {"timeline": 2},
        "data-server": {"certificate": "PEM"},
        "data-promotion-knock": {"answers": False},
    }

    def connect_to(_project: Any, name: str, _ask: Any) -> Any:
        if isinstance(looks[name], Exception):
            raise looks[name]
        return asked(name)

    monkeypatch.setattr(hosts_module, "connect_to", connect_to)
    return fleet


def done(fleet: Fleet) -> list[tuple[str, str]]:
    return [(host, op) for host, op, _ in fleet.asked if op in ("data-fence", "data-promote", "data-supersede")]


def test_a_dry_run_shows_every_step_and_does_none(run: Run, site: Fleet, file: Path) -> None:
    before = file.read_text()
    assert_kept(KEPT / "database-promote.txt", run("database", "promote", DB2, "--dry-run").stdout)
    told = json.loads(run("database", "promote", DB2, "--dry-run", "--json").stdout)
    assert (told["host"], told["of"], told["reached"], told["lossless"]) == (DB2, DB1, True, True)
    assert (told["lag_bytes"], told["unmade_bytes"], told["changed"]) == (1840, 0, "2026-11-28T20:00:00Z")
    assert (told["promoted"], told["fenced"], len(told["steps"])) == (False, False, 5)
    assert told["plan"]["hosts"]
    assert (done(site), site.deployed, file.read_text()) == ([], [], before)


def test_it_asks_first_and_a_no_changes_nothing(
    run: Run, site: Fleet, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    unsaid = run("database", "promote", DB2)
    assert (unsaid.exit_code, "look at it with --dry-run" in unsaid.stderr) == (2, True)
    monkeypatch.setattr(console, "can_ask", lambda: True)
    declined = run("database", "promote", DB2, input="n\n")
    assert f"Have {DB2} be the primary in the place of {DB1}? [y/N]" in declined.stderr
    assert (declined.exit_code, done(site), f'host = "{DB1}"' in file.read_text()) == (1, [], True)


def test_a_yes_fences_promotes_changes_the_file_and_deploys(run: Run, site: Fleet, file: Path) -> None:
    result = run("database", "promote", DB2, "--yes")
    assert result.exit_code == 0, result.stderr
    assert done(site) == [
        (DB1, "data-fence"),
        ("root@web1.example.com", "data-supersede"),
        (DB2, "data-promote"),
    ]
    assert f'host = "{DB2}"\nreplica_variable = "DATABASE_REPLICA_URL"\n' in file.read_text()
    assert "replica = " not in file.read_text()
    assert [plan.project.release.snapshot for plan in site.deployed] == [False], "no dump while nobody can write"
    assert "seawall.toml is changed: commit it" in result.stderr
    assert "v13 is live" in result.stdout
    assert "seawall rollback" not in result.stdout, "there is no way back to what writes to the old one"
    assert result.stdout.startswith(f"{DB2} is the primary, with all that {DB1} had\n{DB1} is fenced")


def test_as_json_it_is_the_deployments_document_with_the_promotion(
    run: Run, site: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("time.monotonic", lambda: 0.0)
    assert_kept(KEPT / "database-promote.json", run("database", "promote", DB2, "--yes", "--json").stdout)


def test_a_deployment_that_fails_after_it_says_which_one_is_the_primary(run: Run, site: Fleet, file: Path) -> None:
    site.answers["deploy"] = HostError(
        "the gate failed", host="web1", code="gate-failed", exit_code=1, state="v12 is live"
    )
    result = run("database", "promote", DB2, "--yes")
    assert result.exit_code == 4
    stands = f"{DB2} is the primary, {DB1} is fenced, and the release that is live still goes there"
    assert f"v12 is live; {stands}" in result.stderr
    assert "then `seawall deploy` does what is left" in result.stderr
    assert f'host = "{DB2}"' in file.read_text()


def test_one_that_is_not_reached_is_taken_for_gone_only_when_that_is_said(
    run: Run, site: Fleet, looks: dict[str, Any], file: Path
) -> None:
    looks[DB1] = ConnectionFailed("no route to host")
    looks[DB2] = {**STANDBY, "streams": False}
    unsaid = run("database", "promote", DB2, "--yes")
    assert (unsaid.exit_code, done(site)) == (1, [])
    assert f"{DB1} is not reached (no route to host), so it cannot be fenced" in unsaid.stderr
    assert f'host = "{DB1}"' in file.read_text()
    said = run("database", "promote", DB2, "--yes", "--primary-is-gone")
    assert said.exit_code == 0
    assert f"lost: what {DB1} took after 2026-11-28T20:00:00Z" in said.stderr
    assert f"{DB1} is not fenced: nobody may write to it, should it come back" in said.stdout


def test_run_again_when_all_is_done_it_only_deploys_what_is_left(
    run: Run, site: Fleet, looks: dict[str, Any], file: Path
) -> None:
    run("database", "promote", DB2, "--yes")
    made = {"of": DB1, "address": "10.0.0.9", "at": "2026-11-28T20:00:00Z", "fenced": True}
    looks |= {DB1: {**PRIMARY, "role": "down", "fenced": True}, DB2: {**PRIMARY, "promoted": made}}
    site.asked.clear()
    text = file.read_text()
    again = run("database", "promote", DB2, "--yes", "--json")
    assert (again.exit_code, done(site), file.read_text()) == (0, [], text)
    assert json.loads(again.stdout)["promoted"] is None


def test_a_host_that_is_no_replica_is_told_which_one_is(run: Run, site: Fleet) -> None:
    result = run("database", "promote", "root@web1.example.com", "--yes")
    assert result.exit_code == 2
    assert f"its replica is {DB2}" in result.stderr
    assert f"seawall database promote {DB2}" in result.stderr
