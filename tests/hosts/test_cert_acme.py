"""A certificate from an authority: issued, renewed, refused, and never a reason for the site to be down.

The tests go through a site's life in order, on one host: each begins where the one before it ended.
"""

import http.server
import json
import os
import re
import socket
import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from agent.certificates.making import DAY, NOW, Pair, pair
from seawall.traffic import TrafficPlan, TrafficProcess

from .lab import Lab
from .machine import Host
from .pebble import Pebble, open_pebble
from .product import Project, eventually, tiny_project, visit

NAME, WWW, SHOP = "tiny.seawall.test", "www.tiny.seawall.test", "shop.seawall.test"
SHOWN = "/etc/ssl/seawall/tiny.crt"
INSTALL = "/etc/ssl/seawall/tiny.install"
AUTHORITY = "/etc/ssl/pebble.pem"
RETRY_AFTER = 7200


@dataclass(frozen=True)
class Site:
    host: Host
    project: Project
    pebble: Pebble

    def names(self) -> set[str]:
        """The names in the certificate that visitors are shown."""
        return names_in(served(self.host))

    def point(self, **addresses: str) -> None:
        """What the host's own resolver says of our names, and of no other."""
        lines = "".join(f"{address} {name}\n" for name, address in addresses.items())
        self.host.write_file("/etc/hosts", f"127.0.0.1 localhost\n{lines}")


@pytest.fixture(scope="module")
def site(
    lab: Lab, module_host: Host, ssh_environment: Mapping[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    """A host without an app, and an authority that it trusts."""
    directory = tmp_path_factory.mktemp("acme")
    with open_pebble(f"{lab.network.prefix}.1", module_host.address, directory) as pebble:
        module_host.write_file(AUTHORITY, pebble.own_certificate)
        project = tiny_project(
            directory / "project",
            ssh_environment,
            module_host.name,
            domains=[NAME],
            redirect_from=[WWW],
            tls={"mode": "acme", "directory": pebble.url, "directory_ca": AUTHORITY},
            limits={"rate": "", "connections": 0},
        )
        yield Site(module_host, project, pebble)


def served(host: Host, name: str = NAME) -> x509.Certificate:
    """The certificate that a visitor of `name` is shown, trusted or not."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with (
        socket.create_connection((host.address, 443), 10) as plain,
        context.wrap_socket(plain, server_hostname=name) as talk,
    ):
        return x509.load_der_x509_certificate(talk.getpeercert(binary_form=True) or b"")


def names_in(certificate: x509.Certificate) -> set[str]:
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return set(names.get_values_for_type(x509.DNSName))


def is_self_signed(certificate: x509.Certificate) -> bool:
    return certificate.subject == certificate.issuer


@contextmanager
def visitors(site: Site) -> Iterator[TrafficProcess]:
    """A few visitors each second, who trust the authority and nobody else."""
    trusted = site.project.directory.parent / "roots.pem"
    trusted.write_text("".join(site.pebble.roots))
    plan = TrafficPlan(f"https://{NAME}/", rate=30, ca_file=str(trusted), resolve_to=site.host.address, timeout=30)
    with TrafficProcess.start(plan) as traffic:
        yield traffic


@contextmanager
def without(host: Host, *programs: str) -> Iterator[None]:
    """The host cannot run these programs."""
    host.run(["chmod", "a-x", *programs])
    try:
        yield
    finally:
        host.run(["chmod", "a+x", *programs])


# --- before there is a certificate


def test_before_its_name_leads_here_the_site_is_up_and_the_last_words_say_what_is_missing(site: Site) -> None:
    site.point()
    done = site.project.deploy()
    last = done.out.splitlines()[-3:]
    assert last[0].startswith(f"warning: {NAME} does not resolve; {WWW} does not resolve")
    assert "self-signed" in last[1]
    assert "DNS" in last[2]
    assert is_self_signed(served(site.host))
    assert "new-order" not in site.pebble.log()
    assert site.project.seawall("status").code == 0
    said = site.project.seawall("cert", "status", check=False)
    assert (said.code, "self-signed" in said.out) == (1, True)


def test_a_name_that_points_elsewhere_is_named_with_where_it_points(site: Site) -> None:
    site.point(**{NAME: site.host.address, WWW: site.pebble.address})
    done = site.project.deploy()
    assert f"{WWW} points to {site.pebble.address}" in done.out
    assert f"this host has {site.host.address}" in done.out
    assert f" {NAME} points" not in done.out
    assert "new-order" not in site.pebble.log()
    assert is_self_signed(served(site.host))


def test_something_else_on_port_80_is_found_before_the_authority_is_asked(site: Site) -> None:
    site.point(**{NAME: site.host.address, WWW: site.host.address})
    other = f"server {{ listen {site.host.address}:80; return 200 other; }}\n"
    site.host.write_file("/etc/nginx/conf.d/other.conf", other)
    site.host.run(["systemctl", "reload", "nginx"])
    try:
        done = site.project.deploy()
    finally:
        site.host.run(["rm", "/etc/nginx/conf.d/other.conf"])
        site.host.run(["systemctl", "reload", "nginx"])
    assert f"port 80 of {NAME} ({site.host.address}) answers with something else (200 OK)" in done.out
    assert "new-order" not in site.pebble.log()


# --- issued and renewed


def test_once_its_names_lead_here_the_next_deploy_gets_a_certificate(site: Site) -> None:
    done = site.project.deploy()
    assert "warning:" not in done.out
    shown = served(site.host)
    assert names_in(shown) == {NAME, WWW}
    assert isinstance(shown.public_key(), ec.EllipticCurvePublicKey)
    trusting = ssl.create_default_context(cadata="".join(site.pebble.roots))
    with (
        socket.create_connection((site.host.address, 443), 10) as plain,
        trusting.wrap_socket(plain, server_hostname=NAME) as talk,
    ):
        assert talk.getpeercert(binary_form=True) == shown.public_bytes(Encoding.DER)
    said = site.project.seawall("cert", "status", "--json").json
    assert said["well"]
    assert said["hosts"][0]["served"]["fingerprint"] == shown.fingerprint(hashes.SHA256()).hex()


def test_a_second_deploy_has_nothing_to_do_and_runs_neither_openssl_nor_certbot(site: Site) -> None:
    with without(site.host, "/usr/bin/openssl", "/usr/bin/certbot"):
        assert "Nothing to do" in site.project.deploy().said


def test_its_key_and_certbots_account_are_readable_to_root_alone(site: Site) -> None:
    found = site.host.run(
        ["find", "/etc/ssl/seawall", "/etc/letsencrypt", "-name", "*key*", "-perm", "/077", "-type", "f"]
    )
    assert found.stdout == ""
    assert "/etc/ssl/seawall/tiny.key" in site.host.run(["find", "/etc/ssl/seawall", "-perm", "0600"]).stdout


def test_a_forced_renewal_is_shown_to_visitors_and_loses_no_request(site: Site) -> None:
    before = served(site.host)
    with visitors(site) as traffic:
        said = site.project.seawall("cert", "renew", "--force")
        report = traffic.stop()
    assert "renewed" in said.out
    assert served(site.host).serial_number != before.serial_number
    assert report.failed == 0, report.failures
    assert report.requests > 0


def test_a_power_cut_right_after_a_renewal_leaves_all_of_it(site: Site) -> None:
    site.project.seawall("cert", "renew", "--force")
    before = served(site.host)
    site.host.kill_power()
    site.host.boot()
    eventually(lambda: site.project.seawall("status", check=False).code == 0, "the site is up")
    assert served(site.host).serial_number == before.serial_number
    assert site.project.seawall("cert", "status").code == 0


def test_a_renewal_that_is_not_due_asks_nobody(site: Site) -> None:
    before = served(site.host)
    assert "not due" in site.project.seawall("cert", "renew").out
    assert served(site.host).serial_number == before.serial_number


def test_the_hosts_own_timer_renews_it(site: Site) -> None:
    assert site.host.run(["systemctl", "is-enabled", "certbot.timer"]).stdout.strip() == "enabled"
    assert site.host.run(["systemctl", "is-active", "certbot.timer"]).stdout.strip() == "active"
    before = served(site.host)
    expression = "s/^#* *renew_before_expiry = .*/renew_before_expiry = 3000 days/"
    site.host.run(["sed", "-i", expression, "/etc/letsencrypt/renewal/seawall-tiny.conf"])
    site.host.run(["systemctl", "start", "certbot.service"])
    assert served(site.host).serial_number != before.serial_number
    assert site.project.seawall("cert", "status").code == 0
    site.host.run(["sed", "-i", "/^renew_before_expiry/d", "/etc/letsencrypt/renewal/seawall-tiny.conf"])
    assert "Nothing to do" in site.project.deploy().said


def test_another_domain_is_another_certificate(site: Site) -> None:
    site.point(**{NAME: site.host.address, WWW: site.host.address, SHOP: site.host.address})
    site.project.configure(domains=[NAME, SHOP])
    site.project.deploy()
    assert site.names() == {NAME, WWW, SHOP}
    site.project.configure(domains=[NAME])
    site.project.deploy()
    assert site.names() == {NAME, WWW}


# --- what goes wrong


def bad_pairs() -> dict[str, tuple[Pair, Pair]]:
    """The reason why each must not be installed; the first has the certificate, the second the key."""
    good, short, old = pair(NAME, WWW), pair(NAME), pair(NAME, WWW, begins=NOW - 30 * DAY, days=29)
    return {
        "is not that of its certificate": (good, pair(NAME, WWW)),
        f"is not for {WWW}": (short, short),
        "has expired": (old, old),
    }


def test_an_unfit_pair_is_not_installed(site: Site) -> None:
    before = site.host.read_file(SHOWN)
    for reason, (certificate, key) in bad_pairs().items():
        site.host.write_file("/root/bad/fullchain.pem", certificate.pem.decode())
        site.host.write_file("/root/bad/privkey.pem", key.key().decode())
        done = site.host.run(["env", "RENEWED_LINEAGE=/root/bad", INSTALL], check=False)
        assert done.returncode == 1
        assert reason in done.stderr
        assert site.host.read_file(SHOWN) == before
    assert site.project.seawall("cert", "status").code == 0


def test_what_nginx_refuses_is_taken_back(site: Site) -> None:
    """A mistake of somebody else's at the moment of a renewal."""
    before = served(site.host)
    site.host.write_file("/etc/nginx/conf.d/mistake.conf", "nonsense;\n")
    try:
        done = site.project.seawall("cert", "renew", "--force", check=False)
    finally:
        site.host.run(["rm", "/etc/nginx/conf.d/mistake.conf"])
    assert done.code == 1
    assert "could not be put in place" in done.err
    assert served(site.host).serial_number == before.serial_number
    there = x509.load_pem_x509_certificate(site.host.read_file(SHOWN).encode())
    assert there.serial_number == before.serial_number
    leftovers = site.host.run(["ls", "/etc/ssl/seawall"]).stdout.split()
    assert not [name for name in leftovers if name.endswith((".new", ".old"))]


def test_what_certbot_has_already_is_put_in_place_without_asking_again(site: Site) -> None:
    before = served(site.host)
    orders = site.pebble.log().count("new-order")
    site.project.deploy()
    assert served(site.host).serial_number != before.serial_number
    assert site.pebble.log().count("new-order") == orders


def test_what_a_power_cut_left_of_certbots_files_does_not_keep_it_from_going_on(site: Site) -> None:
    site.host.run(["sh", "-c", "for file in /etc/letsencrypt/archive/seawall-tiny/*; do : > $file; done"])
    before = served(site.host)
    assert "warning:" not in site.project.deploy().out
    assert served(site.host).serial_number != before.serial_number
    assert "Nothing to do" in site.project.deploy().said


def test_a_host_without_certbot_says_so(site: Site) -> None:
    with without(site.host, "/usr/bin/certbot"):
        done = site.project.seawall("cert", "renew", "--force", check=False)
    assert done.code == 1
    assert "certbot is not installed" in done.err


class Busy(http.server.BaseHTTPRequestHandler):
    """An authority that has had enough (RFC 8555, 6.6): it has a directory, and refuses every account."""

    def do_GET(self) -> None:
        here = f"https://{self.headers['Host']}"
        words = {"newNonce": "nonce", "newAccount": "account", "newOrder": "order", "revokeCert": "revoke"}
        self._say(200, {name: f"{here}/{path}" for name, path in words.items()})

    def do_HEAD(self) -> None:
        self._say(200, {})

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        detail = "too many certificates (5) already issued for this exact set of domains in the last 168 hours"
        self._say(429, {"type": "urn:ietf:params:acme:error:rateLimited", "detail": detail, "status": 429})

    def _say(self, status: int, document: dict[str, object]) -> None:
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/problem+json" if status == 429 else "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Replay-Nonce", os.urandom(16).hex())
        if status == 429:
            self.send_header("Retry-After", str(RETRY_AFTER))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing."""


@contextmanager
def busy_authority(pebble: Pebble) -> Iterator[str]:
    """Its directory URL; it has pebble's own certificate."""
    server = http.server.ThreadingHTTPServer((pebble.address, 0), Busy)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pebble.directory / "api.pem", pebble.directory / "api.key")
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"https://{pebble.address}:{server.server_address[1]}/dir"
    finally:
        server.shutdown()
        server.server_close()


def test_a_rate_limited_authority_is_told_apart_and_says_when_to_try_again(site: Site) -> None:
    before = served(site.host)
    with busy_authority(site.pebble) as url:
        site.project.configure(tls={"directory": url})
        done = site.project.deploy()
        site.project.configure(tls={"directory": site.pebble.url})
    assert "rate limit" in done.out
    assert "too many certificates (5) already issued" in done.out
    assert re.search(r"try again after \d{4}-\d\d-\d\d \d\d:\d\d UTC", done.out)
    assert served(site.host).serial_number == before.serial_number


def test_an_authority_that_is_down_costs_a_renewal_and_nothing_else(site: Site) -> None:
    before = served(site.host)
    site.pebble.stop()
    done = site.project.seawall("cert", "renew", "--force", check=False)
    assert done.code == 1
    assert f"the authority cannot be reached: [Errno 111] Connection refused ({site.host.name}, {site.pebble.url})" in (
        done.err
    )
    assert "good until" in done.err
    assert site.host.run(["systemctl", "start", "certbot.service"], check=False).returncode == 0  # nothing is due
    assert served(site.host).serial_number == before.serial_number
    assert site.project.seawall("cert", "status").code == 0
    assert "Nothing to do" in site.project.deploy().said


# --- other ways to have a certificate, and none


def test_from_an_authority_to_files_and_back_no_request_is_lost(site: Site) -> None:
    own = {"certificate": "/etc/ssl/own/tiny.crt", "key": "/etc/ssl/own/tiny.key"}
    site.host.run(
        ["sh", "-c", "mkdir /etc/ssl/own && cp /etc/ssl/seawall/tiny.crt /etc/ssl/seawall/tiny.key /etc/ssl/own"]
    )
    site.pebble.start()
    site.host.run(["rm", "-r", "/etc/letsencrypt/accounts"])  # a pebble that starts anew knows none of them
    before = served(site.host)
    with visitors(site) as traffic:
        site.project.configure(tls={"mode": "files", **own})
        site.project.deploy()
        assert served(site.host).serial_number == before.serial_number
        assert not site.host.exists("/etc/letsencrypt/renewal/seawall-tiny.conf")
        assert not site.host.exists("/etc/letsencrypt/live/seawall-tiny")
        site.project.configure(tls={"mode": "acme"})
        plan = site.project.seawall("plan").said
        site.project.deploy()
        report = traffic.stop()
    assert "that of /etc/ssl/own/tiny.crt until then" in plan
    assert report.failed == 0, report.failures
    assert served(site.host).serial_number != before.serial_number
    assert "Nothing to do" in site.project.deploy().said


def test_back_to_a_self_signed_one_certbot_forgets_the_app(site: Site) -> None:
    site.project.configure(tls={"mode": "self-signed"})
    site.project.deploy()
    assert is_self_signed(served(site.host))
    assert visit(site.host, domain=NAME).text == "version one"
    assert site.host.run(["find", "/etc/letsencrypt", "-name", "*seawall-tiny*"]).stdout == ""
    assert "tiny" not in site.host.run(["systemctl", "cat", "certbot.service"]).stdout
    site.project.configure(tls={"mode": "acme"})
    site.project.deploy()
    assert names_in(served(site.host)) == {NAME, WWW}


def test_destroy_leaves_no_key_and_no_renewal(site: Site) -> None:
    site.project.seawall("destroy", "--yes", "tiny")
    assert site.host.run(["find", "/etc/letsencrypt", "-name", "*seawall-tiny*"]).stdout == ""
    assert site.host.run(["ls", "/etc/ssl/seawall"]).stdout == ""
    assert "tiny" not in site.host.run(["systemctl", "cat", "certbot.service"]).stdout
    site.host.run(["systemctl", "start", "certbot.service"])
