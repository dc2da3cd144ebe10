"""The certificate of a site, by mode: what lies on the host for it, and what renews it."""

from __future__ import annotations

import subprocess
from typing import Any

import pytest

from seawall.agent.resource import Resource
from seawall.agent.vocabulary import AcmeCertificate, Certificate, File, GivenCertificate, Link, Package, Unit
from seawall.errors import ConfigError
from seawall.stack import nginx, tls
from stack.cases import project

HOSTS = ("guestbook.example.com", "www.guestbook.example.com")
OWN = {"certificate": "/etc/ssl/own/fullchain.pem", "key": "/etc/ssl/own/privkey.pem"}


def made(**settings: Any) -> tuple[Resource, ...]:
    return tls.resources(project(domains=[HOSTS[0]], tls=settings), HOSTS, nginx.SERVICE, "203.0.113.5")


def one(resources: tuple[Resource, ...], kind: type[Any]) -> Any:
    (found,) = [resource for resource in resources if isinstance(resource, kind)]
    return found


def test_an_authority_is_asked_for_every_name_and_the_hosts_own_timer_renews() -> None:
    resources = made(mode="acme")
    wanted = one(resources, AcmeCertificate)
    assert (wanted.domains, wanted.address, wanted.name) == (HOSTS, "203.0.113.5", "seawall-guestbook")
    assert one(resources, Package).name == "certbot"
    assert one(resources, Unit).name == "certbot.timer"
    assert one(resources, File).path == wanted.install
    assert one(resources, File).mode == 0o700


def test_the_site_and_the_authority_mean_the_same_files_and_folder() -> None:
    site = tls.of_site(project(domains=[HOSTS[0]], tls={"mode": "acme"}))
    wanted = one(made(mode="acme"), AcmeCertificate)
    assert site is not None
    assert (site.certificate, site.key, site.challenges) == (wanted.certificate, wanted.key, wanted.challenges)


def test_a_private_authority_is_trusted_by_renewals_without_ending_that_of_other_apps() -> None:
    resources = made(mode="acme", directory="https://ca.example.com/dir", directory_ca="/etc/ssl/company.pem")
    assert one(resources, Link).target == "/etc/ssl/company.pem"
    drop_in = next(r for r in resources if isinstance(r, File) and r.path.endswith(".conf"))
    assert drop_in.path == "/etc/systemd/system/certbot.service.d/seawall-guestbook.conf"
    assert drop_in.service == "systemd"
    assert "/etc/ssl/certs/ca-certificates.crt" in drop_in.content
    assert "ExecStartPre=-" in drop_in.content  # a file that is gone must not end everybody's renewals


def test_files_named_beside_an_authority_are_shown_until_it_has_issued_one() -> None:
    assert one(made(mode="acme", **OWN), AcmeCertificate).meanwhile == tuple(OWN.values())
    assert one(made(mode="acme"), AcmeCertificate).meanwhile == ()


def test_files_of_a_persons_own_are_looked_at_and_nothing_is_written() -> None:
    assert made(mode="files", **OWN) == (GivenCertificate(*OWN.values(), HOSTS),)


def test_without_domains_a_persons_own_certificate_may_have_any_name() -> None:
    resources = tls.resources(project(tls={"mode": "files", **OWN}), ("203.0.113.5",), nginx.SERVICE)
    assert one(resources, GivenCertificate).domains == ()


def test_files_that_are_not_named_are_a_mistake() -> None:
    with pytest.raises(ConfigError, match="a path is missing"):
        tls.of_site(project(tls={"mode": "files"}))


def test_self_signed_is_for_every_name_and_nothing_more_lies_there() -> None:
    resources = made(mode="self-signed")
    assert one(resources, Certificate).domains == HOSTS
    assert len(resources) == 2
    assert made(mode="off") == ()


def test_what_certbot_runs_is_a_script_that_the_shell_takes_whatever_the_names() -> None:
    script = one(made(mode="acme"), File).content
    subprocess.run(["sh", "-n"], input=script, text=True, check=True)
    assert "for domain in guestbook.example.com www.guestbook.example.com; do" in script


def test_hsts_is_never_sent_with_a_self_signed_certificate() -> None:
    for mode, sent in (("acme", True), ("files", True), ("self-signed", False)):
        site = tls.of_site(project(domains=[HOSTS[0]], tls={"mode": mode, **(OWN if mode == "files" else {})}))
        assert site is not None
        assert bool(site.hsts) is sent
