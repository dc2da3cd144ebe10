"""Certificates that a person brings: an unfit one is found in the plan, and the site stays as it is."""

import datetime
import http.client
import re
import socket
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography import x509

from agent.certificates.making import DAY, NOW, Pair, pair

from .machine import Host
from .product import Project, eventually, tiny_project, visit

NAME = "tiny.example.com"
FILES = {"mode": "files", "certificate": "/etc/ssl/own/fullchain.pem", "key": "/etc/ssl/own/privkey.pem"}

AUTHORITY = pair(called="the authority")
OWN = "/etc/ssl/own"


def signed(name: str = NAME, *, begins: datetime.datetime = NOW - DAY, days: int = 90) -> Pair:
    return pair(name, by=AUTHORITY, begins=begins, days=days)


COMPLAINTS = {
    "expired": ("the certificate expired on ", FILES["certificate"]),
    "elsewhere": (f"the certificate is not for {NAME}, but for elsewhere.example.com", FILES["certificate"]),
    "mismatched": (f"the key is not that of the certificate {FILES['certificate']}", FILES["key"]),
    "nonsense": ("there is no certificate in this file", FILES["certificate"]),
    "open": ("everybody on the host may read the key (mode 0644)", FILES["key"]),
    "missing": ("the certificate cannot be read: No such file or directory", FILES["certificate"]),
}


@dataclass(frozen=True)
class Site:
    host: Host
    project: Project

    def bring(self, made: Pair, *, chain: str = AUTHORITY.pem.decode(), key: Pair | None = None) -> Pair:
        """Put a pair to where the configuration says."""
        self.host.write_file(FILES["certificate"], made.pem.decode() + chain)
        self.host.write_file(FILES["key"], (key or made).key().decode())
        self.host.run(["chmod", "600", FILES["key"]])
        return made

    def bring_unfit(self, what: str) -> None:
        """What is wrong with it is in its name."""
        {
            "expired": lambda: self.bring(signed(begins=NOW - 100 * DAY)),
            "elsewhere": lambda: self.bring(signed("elsewhere.example.com")),
            "mismatched": lambda: self.bring(signed(), key=signed()),
            "nonsense": lambda: self.host.write_file(FILES["certificate"], "nonsense"),
            "open": lambda: (self.bring(signed()), self.host.run(["chmod", "644", FILES["key"]])),
            "missing": lambda: self.host.run(["rm", FILES["certificate"]]),
        }[what]()

    @contextmanager
    def talk(self) -> Iterator[ssl.SSLSocket]:
        """A visitor's connection, who takes any certificate."""
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        with (
            socket.create_connection((self.host.address, 443), 10) as plain,
            context.wrap_socket(plain, server_hostname=NAME) as talk,
        ):
            yield talk

    def shown(self) -> x509.Certificate:
        with self.talk() as talk:
            return x509.load_der_x509_certificate(talk.getpeercert(binary_form=True) or b"")

    def headers(self) -> http.client.HTTPMessage:
        """Those of the first page."""
        with self.talk() as talk:
            talk.sendall(f"GET / HTTP/1.1\r\nHost: {NAME}\r\nConnection: close\r\n\r\n".encode())
            answer = http.client.HTTPResponse(talk)
            answer.begin()
            return answer.headers


@pytest.fixture(scope="module")
def site(module_host: Host, ssh_environment: Mapping[str, str], tmp_path_factory: pytest.TempPathFactory) -> Site:
    """An app with a self-signed certificate."""
    project = tiny_project(tmp_path_factory.mktemp("files"), ssh_environment, module_host.name)
    project.deploy()
    return Site(module_host, project)


def test_a_port_that_another_program_has_is_found_in_the_plan_and_the_program_named(
    module_host: Host, ssh_environment: Mapping[str, str], tmp_path: Path
) -> None:
    """Before there is a site: nginx could not start."""
    project = tiny_project(tmp_path, ssh_environment, module_host.name)
    module_host.run(["systemctl", "stop", "nginx"])
    module_host.run(["systemd-run", "--unit=squatter", "python3", "-m", "http.server", "443"])
    try:
        eventually(lambda: project.seawall("plan", check=False).code == 1, "the plan sees who has the port")
        done = project.deploy(check=False)
    finally:
        module_host.run(["systemctl", "stop", "squatter"])
    assert done.code == 1
    assert re.search(r"error: port 443 is taken by python3 \(process \d+\), so nginx cannot start", done.err)
    assert not module_host.exists("/srv/tiny")
    project.deploy()


@pytest.mark.parametrize("what", COMPLAINTS)
def test_an_unfit_one_is_refused_in_the_plan_with_its_path_and_changes_nothing(site: Site, what: str) -> None:
    before = site.shown()
    site.bring_unfit(what)
    site.project.configure(tls=FILES)
    fact, place = COMPLAINTS[what]
    for command in (("plan",), ("deploy", "--yes")):
        done = site.project.seawall(*command, check=False)
        assert done.code == 1
        assert f"error: {fact}" in done.err
        assert place in done.err
        assert "nothing was changed" in done.err
        assert "  next: " in done.err
    assert site.shown() == before
    assert site.project.seawall("status").code == 0


def test_a_good_one_is_shown(site: Site) -> None:
    made = site.bring(signed())
    site.project.configure(tls=FILES)
    site.project.deploy()
    assert site.shown() == made.certificate
    assert site.project.seawall("cert", "status").code == 0
    assert "Nothing to do" in site.project.deploy().said


def test_browsers_are_told_to_keep_to_https(site: Site) -> None:
    """For two years; and only over https (RFC 6797, 7.2)."""
    assert site.headers().get_all("Strict-Transport-Security") == ["max-age=63072000; includeSubDomains"]
    assert "Strict-Transport-Security" not in visit(site.host, domain=NAME, scheme="http").headers


def test_a_file_without_whoever_signed_is_told_and_shown(site: Site) -> None:
    made = site.bring(signed(), chain="")
    planned = site.project.seawall("plan")
    assert f"note: {site.host.name}: {FILES['certificate']} holds the site's certificate" in planned.said
    site.project.seawall("cert", "renew")
    assert site.shown() == made.certificate


def test_one_that_was_replaced_is_told_and_shown_after_a_renewal(site: Site) -> None:
    made = site.bring(signed())
    said = site.project.seawall("cert", "status", check=False)
    assert said.code == 1
    assert "another certificate than the one on disk" in said.out
    site.project.seawall("cert", "renew")
    assert site.shown() == made.certificate
    assert site.project.seawall("cert", "status").code == 0


def test_one_that_became_unfit_is_told_and_the_one_before_goes_on_being_shown(site: Site) -> None:
    before = site.shown()
    site.bring_unfit("mismatched")
    done = site.project.seawall("cert", "renew", check=False)
    assert (done.code, "is not that of the certificate" in done.err) == (1, True)
    assert site.project.seawall("cert", "status", check=False).code == 1
    assert site.shown() == before


def test_one_that_is_about_to_end_is_mentioned_by_status(site: Site) -> None:
    site.bring(signed(begins=NOW - 87 * DAY))
    site.project.seawall("cert", "renew")
    said = site.project.seawall("status", check=False)
    assert (said.code, "the certificate that visitors are shown ends on" in said.out) == (1, True)
    said = site.project.seawall("cert", "status", check=False)
    assert (said.code, "ends in 2 days" in said.out) == (1, True)
