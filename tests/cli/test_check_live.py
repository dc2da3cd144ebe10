"""What `seawall check --live` says, and how it ends, with a site and hosts that are only said to be there."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from agent.certificates.making import pair
from checks.live import well
from seawall.checks.live import outside
from seawall.checks.live.seen import Outside, Site
from seawall.errors import ConnectionFailed
from seawall.operations import live

from .conftest import Fleet, Run
from .golden import KEPT, assert_kept

STATUS = {
    "live": "v12",
    "running": ["v12"],
    "programs": [{"name": "web", "role": "web", "broken": ""}],
    "health": "healthy",
    "maintenance": False,
    "interrupted": "",
    "busy": "",
    "disk_free": 1,
    "disk_total": 2,
    "backups": None,
    "troubles": [],
}


POSTURE = {**well.POSTURE, "backup": {"at": time.time(), "verified": True}}


def with_facts(hosts: list[Any]) -> list[Any]:
    """The hosts as their agents greet: with what they are."""
    for host in hosts:
        host.session.facts = {"address": "203.0.113.5"}
    return hosts


class World:
    """The domain, the site and its host, as a test wants them."""

    def __init__(self) -> None:
        self.seen: Outside = well.WELL
        self.resolves: tuple[str, ...] = ("203.0.113.5",)
        self.looked: list[tuple[Site, dict[str, Any]]] = []

    def look(self, site: Site, **options: Any) -> Outside:
        self.looked.append((site, options))
        return self.seen


@pytest.fixture
def world(fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> World:
    world = World()
    fleet.answers |= {"posture": POSTURE, "status": STATUS}
    monkeypatch.setattr(live, "connect", lambda *given: with_facts(fleet.connect(*given)))
    monkeypatch.setattr(live, "_served", lambda *_: "a" * 64)
    monkeypatch.setattr(live, "_resolved", lambda _: "203.0.113.5")
    monkeypatch.setattr(outside, "look", world.look)
    monkeypatch.setattr(outside, "addresses_of", lambda _: world.resolves)
    return world


def test_a_site_that_is_well_ends_with_0(run: Run, world: World) -> None:
    result = run("check", "--live")
    assert (result.exit_code, result.stdout) == (0, ""), result.stderr
    assert "Nothing to mend (75 rules looked at)." in result.stderr
    assert [site.address for site, _ in world.looked] == ["guestbook.example.com"]


def test_an_error_ends_with_1_and_shows_request_and_answer(run: Run, world: World) -> None:
    world.seen = well.asked("files", well.answer("/.env", Content_Type="text/plain"))
    result = run("check", "--live")
    assert result.exit_code == 1
    assert "error SW853  A file is served that is none of the site's" in result.stdout
    assert "GET https://shop.example.com/.env: 200, Content-Type: text/plain" in result.stdout


def test_a_domain_that_does_not_resolve_is_asked_for_at_the_host(run: Run, world: World) -> None:
    world.resolves = ()
    result = run("check", "--live")
    assert [(site.domain, site.address) for site, _ in world.looked] == [("guestbook.example.com", "203.0.113.5")]
    assert "does not resolve from here, so root@web1.example.com was asked for it at 203.0.113.5" in result.stderr


def test_a_host_that_is_named_is_asked_itself(run: Run, world: World) -> None:
    result = run("check", "--live", "--host", "root@web1.example.com")
    assert [site.address for site, _ in world.looked] == ["203.0.113.5"]
    assert "does not resolve" not in result.stderr


def test_a_host_that_lets_nobody_in_is_no_obstacle(run: Run, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> Any:
        raise ConnectionFailed("root@web1.example.com cannot be used: it refused the login")

    monkeypatch.setattr(live, "connect", refuse)
    result = run("check", "--live")
    assert result.exit_code == 0
    assert "it refused the login, so what only the host itself knows was not looked at" in result.stderr
    assert "(58 rules looked at)" in result.stderr


def test_the_hosts_own_word_pins_a_self_signed_certificate(run: Run, world: World, fleet: Fleet) -> None:
    fleet.answers["posture"] = {**POSTURE, "certificate": {"path": "/c", "pem": "PEM", "sha256": "a" * 64}}
    run("check", "--live")
    assert world.looked[0][1]["trusted"] == ["PEM"]


def test_an_authority_of_ones_own_can_be_trusted(run: Run, world: World, tmp_path: Path, folder: Path) -> None:
    with (folder / "seawall.toml").open("a") as file:
        file.write('[tls]\nmode = "files"\ncertificate = "/c.pem"\nkey = "/k.pem"\n')
    authority = pair(called="authority").pem.decode()
    (tmp_path / "ca.pem").write_text(authority)
    run("check", "--live", "--ca", str(tmp_path / "ca.pem"))
    assert world.looked[0][1]["trusted"] == [authority]


@pytest.mark.parametrize("content", [None, b"", b"AUTHORITY", b"\xff", b"-----BEGIN CERTIFICATE-----\n"])
def test_a_file_without_a_certificate_is_refused_before_anybody_is_asked(
    run: Run, world: World, tmp_path: Path, content: bytes | None
) -> None:
    if content is not None:
        (tmp_path / "ca.pem").write_bytes(content)
    result = run("check", "--live", "--ca", str(tmp_path / "ca.pem"))
    assert result.exit_code == 2
    assert "ca.pem" in result.stderr
    assert world.looked == []


def test_the_port_of_sshd_is_not_one_more_that_listens(run: Run, world: World, fleet: Fleet) -> None:
    fleet.answers["posture"] = {**POSTURE, "listening": [22, 80, 2222, 9999], "sshd": {"port": "22 2222"}}
    run("check", "--live")
    assert world.looked[0][1]["listening"] == [80, 9999]


def test_slow_clients_take_time_only_where_they_are_asked_about(run: Run, world: World) -> None:
    run("check", "--live", "--skip", "SW858")
    run("check", "--live")
    assert [bool(options["drip"]) for _, options in world.looked] == [False, True]


def test_the_policy_is_proposed_as_toml_and_as_json(run: Run, world: World) -> None:
    world.seen = well.front(body='<script src="/a.js"></script>')
    policy = "default-src 'none'; script-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    result = run("check", "--live", "--propose-csp")
    assert f'[headers]\ncontent_security_policy_report_only = "{policy}"\n' in result.stdout
    assert json.loads(run("check", "--propose-csp", "--json").stdout)["proposal"]["policy"] == policy
    assert "proposal" not in json.loads(run("check", "--live", "--json").stdout)


def test_without_a_page_there_is_nothing_to_propose(run: Run, world: World) -> None:
    world.seen = well.WELL.but(pages=(well.answer("/", 502),))
    result = run("check", "--propose-csp")
    assert "No page was seen, so no Content-Security-Policy can be proposed." in result.stdout


def test_what_was_found_is_one_document(run: Run, world: World) -> None:
    world.seen = well.WELL.but(stranger=True, notes=("sslyze is not installed",))
    done = run("check", "--live", "--propose-csp", "--only", "SW818", "--only", "SW820", "--json")
    assert_kept(KEPT / "check-live.json", done.stdout)


def test_findings_of_the_live_site_are_sarif_too(run: Run, world: World, tmp_path: Path) -> None:
    world.seen = well.WELL.but(stranger=True)
    run("check", "--live", "--sarif", str(tmp_path / "out.sarif"))
    results = json.loads((tmp_path / "out.sarif").read_text())["runs"][0]["results"]
    assert [result["ruleId"] for result in results] == ["SW818"]


def test_an_app_that_is_not_well_is_found(run: Run, world: World, fleet: Fleet) -> None:
    broken = {"name": "worker", "role": "worker", "broken": "exit status 1"}
    fleet.answers["status"] = {
        **STATUS,
        "health": "answers 500",
        "programs": [broken],
        "interrupted": "v13 was cut off",
    }
    found = json.loads(run("check", "--live", "--json").stdout)["findings"]
    answers = {(one["rule"], one["evidence"]["answer"]) for one in found}
    assert answers == {("SW915", "v13 was cut off"), ("SW916", "answers 500"), ("SW916", "worker: exit status 1")}


@pytest.mark.parametrize("arguments", [("--host", "root@web1.example.com"), ("--ca", "ca.pem")])
def test_options_of_the_live_rules_need_them(run: Run, arguments: tuple[str, ...]) -> None:
    result = run("check", *arguments)
    assert result.exit_code == 2
    assert "--host and --ca are for --live" in result.stderr


@pytest.mark.usefixtures("world")
def test_this_machine_is_no_live_site(run: Run) -> None:
    result = run("check", "--live", "-e", "local")
    assert result.exit_code == 2
    assert "local is this machine" in result.stderr


def test_a_domain_that_leads_elsewhere_is_noted(run: Run, world: World) -> None:
    world.resolves = ("198.51.100.9",)
    world.seen = replace(well.WELL, resolved=())
    found = json.loads(run("check", "--live", "--json").stdout)["findings"]
    assert [one["rule"] for one in found] == ["SW866"]
