"""What `seawall cert` says of what the hosts answer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from seawall.errors import HostError

from .conftest import Fleet, Run
from .golden import KEPT, assert_kept

ISSUED = {
    "names": ["guestbook.example.com"],
    "issuer": "Let's Encrypt, E7",
    "self_signed": False,
    "begins": "2026-11-01",
    "ends": "2027-01-30",
    "days": 70,
    "lifetime_days": 90,
    "fingerprint": "ab" * 32,
}
ON_DISK = {"path": "/etc/ssl/seawall/guestbook.crt", **ISSUED}
WELL = {"disk": ON_DISK, "served": ISSUED, "trouble": ""}


@pytest.fixture(autouse=True)
def acme(folder: Path) -> None:
    with (folder / "seawall.toml").open("a") as file:
        file.write('\n[tls]\nmode = "acme"\n')


def test_one_that_is_well_exits_with_0(run: Run, fleet: Fleet) -> None:
    fleet.answers["certificate"] = WELL
    result = run("cert", "status")
    assert result.exit_code == 0
    assert_kept(KEPT / "cert-status.txt", result.stdout)
    assert_kept(KEPT / "cert-status.json", run("cert", "status", "--json").stdout)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"served": {**ISSUED, "fingerprint": "cd" * 32}}, "shown another certificate than the one on disk"),
        ({"served": {"error": "Connection refused"}}, "visitors are shown no certificate (Connection refused)"),
        (
            {"trouble": "the one there is self-signed"},
            'not as tls.mode = "acme" wants it: the one there is self-signed',
        ),
        ({"disk": {**ON_DISK, "days": 13}, "served": {**ISSUED, "days": 13}}, "the certificate ends in 13 days"),
        ({"disk": {"path": "/x", "error": "there is none"}}, "shown another certificate than the one on disk"),
    ],
)
def test_one_that_is_not_exits_with_1_and_says_why(run: Run, fleet: Fleet, change: dict[str, Any], said: str) -> None:
    fleet.answers["certificate"] = {**WELL, **change}
    result = run("cert", "status")
    assert result.exit_code == 1
    assert said in result.stdout.splitlines()[0]


def test_a_certificate_of_six_days_is_not_about_to_end_on_its_first(run: Run, fleet: Fleet) -> None:
    short = {"days": 5, "lifetime_days": 6}
    fleet.answers["certificate"] = {**WELL, "disk": {**ON_DISK, **short}, "served": {**ISSUED, **short}}
    assert run("cert", "status").exit_code == 0


def test_a_renewal_says_whether_there_was_one(run: Run, fleet: Fleet) -> None:
    fleet.answers["renew-certificate"] = {**WELL, "renewed": True}
    assert run("cert", "renew", "--force").stdout.startswith("root@web1.example.com: renewed\n")
    fleet.answers["renew-certificate"] = {**WELL, "renewed": False}
    assert run("cert", "renew").stdout.startswith("root@web1.example.com: not due\n")
    asked = [fields for _, op, fields in fleet.asked if op == "renew-certificate"]
    assert [fields["force"] for fields in asked] == [True, False]
    assert asked[0]["certificate"]["kind"] == "acme-certificate"
    assert asked[0]["service"]["name"] == "nginx"


def test_a_failed_renewal_exits_with_1_and_the_hosts_reason(run: Run, fleet: Fleet) -> None:
    fleet.answers["renew-certificate"] = HostError(
        "the authority cannot be reached", host="web1", code="certificate-failed", exit_code=1
    )
    result = run("cert", "renew")
    assert result.exit_code == 1
    assert "error: the authority cannot be reached" in result.stderr


@pytest.mark.parametrize("words", [("cert", "status"), ("cert", "renew")])
def test_a_site_without_one_is_wrong_usage(run: Run, fleet: Fleet, folder: Path, words: tuple[str, ...]) -> None:
    file = folder / "seawall.toml"
    file.write_text(file.read_text().replace('mode = "acme"', 'mode = "off"'))
    result = run(*words)
    assert result.exit_code == 2
    assert "the site has no certificate" in result.stderr


def test_a_self_signed_one_is_renewed_by_a_deployment(run: Run, fleet: Fleet, folder: Path) -> None:
    file = folder / "seawall.toml"
    file.write_text(file.read_text().replace('mode = "acme"', 'mode = "self-signed"'))
    result = run("cert", "renew")
    assert result.exit_code == 2
    assert "`seawall deploy` makes a new one in time" in result.stderr
