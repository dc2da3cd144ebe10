"""What independent verifiers say of a host that was set up and deployed to by seawall's defaults."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Literal

import pytest

from hosts.commands import run
from hosts.conftest import BootHost
from hosts.image import WARM_PACKAGES
from hosts.lab import Lab
from hosts.network import has_ipv6
from hosts.pebble import open_pebble

from . import exposure, gixy, lynis, mozilla, nmap, observatory, slowhttp, ssh_audit, sslyze, testssl
from .findings import Finding
from .site import Site, make_site

WEB_AND_SSH = {22, 80, 443}


@pytest.fixture(scope="module")
def site(
    lab: Lab,
    boot_module_host: BootHost,
    ssh_environment: Mapping[str, str],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Site]:
    """One host for all of them, with a certificate of an authority that is there as long as the host."""
    host = boot_module_host(packages=WARM_PACKAGES)
    with open_pebble(f"{lab.network.prefix}.1", host.address, tmp_path_factory.mktemp("pebble")) as pebble:
        yield make_site(host, pebble, ssh_environment, tmp_path_factory.mktemp("site"))


@pytest.fixture(scope="module")
def elsewhere(lab: Lab) -> Iterator[str]:
    """A second address of this machine: whoever comes from it is another visitor."""
    address = f"{lab.network.prefix}.2"
    where = [f"{address}/24", "dev", lab.network.bridge]
    run(["ip", "address", "add", *where])
    yield address
    run(["ip", "address", "delete", *where])


def told(findings: list[Finding] | tuple[Finding, ...]) -> list[str]:
    return [str(finding) for finding in findings]


def test_sslyze_finds_tls_as_mozilla_recommends_it(site: Site) -> None:
    seen = sslyze.scan(site.target)
    assert told(mozilla.intermediate(seen)) == []
    assert told(seen.complaints) == []


def test_the_http_observatory_gives_an_a_plus(site: Site) -> None:
    score = observatory.scan(site.target)
    assert told(score.findings) == []
    assert (score.grade, score.score >= 120) == ("A+", True), score


def test_gixy_finds_nothing_in_all_of_nginx_configuration(site: Site, tmp_path: Path) -> None:
    assert told(gixy.counted(gixy.scan(site.host, tmp_path))) == []


def test_ssh_audit_finds_a_hardened_debian(site: Site) -> None:
    assert told(ssh_audit.scan(site.host.address)) == []


def test_testssl_finds_nothing_of_weight_that_is_not_the_test_authoritys(site: Site, tmp_path: Path) -> None:
    assert told(testssl.of_the_server(testssl.scan(site.target, tmp_path))) == []


def test_nmap_sees_ssh_and_the_web_and_nothing_else(site: Site) -> None:
    assert nmap.tcp_ports(site.host.address) == WEB_AND_SSH
    assert nmap.udp_ports(site.host.address) == set()


@pytest.mark.skipif(not has_ipv6(), reason="this machine has no IPv6")
def test_nmap_sees_the_same_by_ipv6(site: Site) -> None:
    assert nmap.tcp_ports(site.host.address6) == WEB_AND_SSH
    assert nmap.udp_ports(site.host.address6) == set()


def test_systemd_finds_the_app_little_exposed(site: Site) -> None:
    found = exposure.scan(site.host, site.unit())
    assert found.level <= 1.5, found


@pytest.mark.parametrize(("kind", "path"), [("-H", "/"), ("-B", "/sign")])
def test_slow_clients_do_not_keep_others_out(
    site: Site, elsewhere: str, tmp_path: Path, kind: Literal["-H", "-B"], path: str
) -> None:
    with slowhttp.visiting(site.target, "/", elsewhere) as others:
        attack = slowhttp.attack(site.target, kind, path, tmp_path)
    assert attack.most_open >= 100, f"that was no attack: {attack}"
    assert attack.available, attack
    assert others.failures == []
    assert others.percentile(0.99) < 1, sorted(others.times)[-5:]


def test_lynis_gives_at_least_75(site: Site) -> None:
    """Last: it is installed on the host."""
    audit = lynis.scan(site.host)
    assert audit.index >= 75, audit.lost
