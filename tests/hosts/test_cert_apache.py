"""A certificate from an authority through Apache: issued, renewed and refused as through nginx (test_cert_acme).

The tests go through a site's life in order, on one host: each begins where the one before it ended.
"""

from collections.abc import Iterator, Mapping

import pytest

from .lab import Lab
from .machine import Host
from .pebble import open_pebble
from .product import tiny_project
from .test_cert_acme import AUTHORITY, NAME, SHOWN, WWW, Site, is_self_signed, names_in, served, visitors

MISTAKE = "/etc/apache2/conf-enabled/mistake.conf"


@pytest.fixture(scope="module")
def site(
    lab: Lab, module_host: Host, ssh_environment: Mapping[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    """A host without an app, on which nginx shows its welcome page, and an authority that it trusts."""
    directory = tmp_path_factory.mktemp("acme-apache")
    with open_pebble(f"{lab.network.prefix}.1", module_host.address, directory) as pebble:
        module_host.write_file(AUTHORITY, pebble.own_certificate)
        project = tiny_project(
            directory / "project",
            ssh_environment,
            module_host.name,
            domains=[NAME],
            redirect_from=[WWW],
            tls={"mode": "acme", "directory": pebble.url, "directory_ca": AUTHORITY},
            proxy={"kind": "apache"},
        )
        yield Site(module_host, project, pebble)


def test_the_first_deployment_is_up_before_its_names_lead_here_and_the_next_gets_a_certificate(site: Site) -> None:
    site.point()
    assert f"{NAME} does not resolve" in site.project.deploy().out
    assert is_self_signed(served(site.host))
    site.point(**{NAME: site.host.address, WWW: site.host.address})
    assert "warning:" not in site.project.deploy().out
    assert names_in(served(site.host)) == {NAME, WWW}
    assert "Nothing to do" in site.project.deploy().said


def test_a_renewal_by_hand_and_one_by_the_timer_are_shown_and_lose_no_request(site: Site) -> None:
    before = served(site.host)
    with visitors(site) as traffic:
        assert "renewed" in site.project.seawall("cert", "renew", "--force").out
        by_hand = served(site.host)
        expression = "s/^#* *renew_before_expiry = .*/renew_before_expiry = 3000 days/"
        site.host.run(["sed", "-i", expression, "/etc/letsencrypt/renewal/seawall-tiny.conf"])
        site.host.run(["systemctl", "start", "certbot.service"])
        report = traffic.stop()
    site.host.run(["sed", "-i", "/^renew_before_expiry/d", "/etc/letsencrypt/renewal/seawall-tiny.conf"])
    assert len({before.serial_number, by_hand.serial_number, served(site.host).serial_number}) == 3
    assert report.failed == 0, report.failures
    assert "Nothing to do" in site.project.deploy().said


def test_what_apache_refuses_is_taken_back_and_an_authority_that_is_down_costs_a_renewal_only(site: Site) -> None:
    there = site.host.read_file(SHOWN)
    site.host.write_file(MISTAKE, "Nonsense on\n")
    refused = site.project.seawall("cert", "renew", "--force", check=False)
    site.host.run(["rm", MISTAKE])
    assert (refused.code, "could not be put in place" in refused.err) == (1, True)
    assert site.host.read_file(SHOWN) == there
    site.project.deploy()
    assert site.host.read_file(SHOWN) != there, "what certbot has by now is put in place"
    before = served(site.host)
    site.pebble.stop()
    down = site.project.seawall("cert", "renew", "--force", check=False)
    assert (down.code, "the authority cannot be reached" in down.err) == (1, True)
    assert served(site.host).serial_number == before.serial_number
    assert site.project.seawall("cert", "status").code == 0


def test_a_change_to_nginx_keeps_the_certificate_and_has_it_renewed_there(site: Site) -> None:
    before = served(site.host)
    site.pebble.start()
    site.host.run(["rm", "-r", "/etc/letsencrypt/accounts"])  # a pebble that starts anew knows none of them
    site.project.configure(proxy={"kind": "nginx"})
    site.project.deploy()
    assert served(site.host).serial_number == before.serial_number
    site.project.seawall("cert", "renew", "--force")
    assert served(site.host).serial_number != before.serial_number
    assert "apache2" not in site.host.read_file("/etc/ssl/seawall/tiny.install")
