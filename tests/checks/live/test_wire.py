"""Questions to real servers on this machine: what they answer is told, and so is that they do not."""

from __future__ import annotations

import hashlib
import http.server
import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from seawall.checks.live import tls, tls_sslyze, wire
from seawall.checks.live.questions import HUGE, STRANGER
from seawall.checks.live.seen import Request, Site

DOMAIN = "shop.example.com"


class Mirror(http.server.BaseHTTPRequestHandler):
    """Answers with the request as it came."""

    protocol_version = "HTTP/1.1"

    def answer(self) -> None:
        said = f"{self.requestline}\n{self.headers}".encode()
        self.send_response(413 if self.headers.get("Content-Length") == str(HUGE) else 200)
        self.send_header("Set-Cookie", "a=1")
        self.send_header("Set-Cookie", "b=2")
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    do_GET = do_POST = do_TRACE = do_OPTIONS = do_CONNECT = answer

    def log_message(self, *_: object) -> None:
        return


@contextmanager
def served(certificate: Path | None = None, version: ssl.TLSVersion | None = None) -> Iterator[int]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Mirror)
    server.handle_error = lambda *_: None  # type: ignore[method-assign]
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        if version:
            context.maximum_version = version
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def listening() -> Iterator[tuple[socket.socket, int]]:
    with socket.create_server(("127.0.0.1", 0)) as there:
        yield there, there.getsockname()[1]


def closing_at_once(there: socket.socket) -> threading.Thread:
    """Take one connection and close it."""

    def close() -> None:
        there.accept()[0].close()

    thread = threading.Thread(target=close)
    thread.start()
    return thread


@pytest.fixture(scope="module")
def pem(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A self-signed certificate for DOMAIN, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, DOMAIN)])
    names = [x509.DNSName(DOMAIN), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(
            name, name, key.public_key(), x509.random_serial_number(), now, now + timedelta(days=30)
        )
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .sign(key, hashes.SHA256())
    )
    file = tmp_path_factory.mktemp("tls") / "both.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return file


def plain(port: int) -> Site:
    return Site(DOMAIN, "127.0.0.1", https=False, http_port=port)


def secure(port: int) -> Site:
    return Site(DOMAIN, "127.0.0.1", port=port)


def test_a_question_goes_out_as_it_was_put() -> None:
    with served() as port:
        answer = wire.ask(plain(port), Request("/static/../.env", headers=(("X-Forwarded-Host", STRANGER),)))
    assert answer.status == 200
    assert answer.body.startswith("GET /static/../.env HTTP/1.1\nHost: shop.example.com")
    assert f"X-Forwarded-Host: {STRANGER}" in answer.body
    assert answer.all("set-cookie") == ("a=1", "b=2")
    assert answer.request == f"GET http://{DOMAIN}:{port}/static/../.env [X-Forwarded-Host: {STRANGER}]"


def test_an_answer_without_an_end_is_read_for_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    def drip(there: socket.socket, kind: bytes) -> None:
        visitor, _ = there.accept()
        with visitor, suppress(OSError):
            visitor.recv(4096)
            visitor.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: " + kind + b"\r\n\r\n")
            while True:
                visitor.sendall(b"x")
                time.sleep(0.05)

    monkeypatch.setattr(wire, "PATIENCE", 0.5)
    for kind, expected in ((b"text/html", True), (b"text/event-stream", False)):
        with listening() as (there, port):
            dripping = threading.Thread(target=drip, args=(there, kind))
            dripping.start()
            answer = wire.ask(plain(port), Request())
            dripping.join()
        assert answer.status == 200
        assert bool(answer.body) is expected


def test_methods_hosts_and_targets_of_any_kind_can_be_asked() -> None:
    with served() as port:
        site = plain(port)
        assert "OPTIONS * HTTP/1.1" in wire.ask(site, Request("*", "OPTIONS")).body
        assert "TRACE / HTTP/1.1" in wire.ask(site, Request("/", "TRACE")).body
        assert f"Host: {STRANGER}" in wire.ask(site, Request(host=STRANGER)).body
        assert "Host:" not in wire.ask(site, Request(bare=True)).body


def test_a_body_that_is_only_announced_is_answered() -> None:
    with served() as port:
        huge = Request("/", "POST", headers=(("Content-Length", str(HUGE)),))
        assert wire.ask(plain(port), huge).status == 413


def test_what_goes_wrong_is_said() -> None:
    with listening() as (_, free):
        pass
    assert wire.ask(plain(free), Request()).error == "the connection was refused"
    with served() as port:
        assert wire.ask(secure(port), Request()).error.startswith("TLS failed")


def test_a_server_that_closes_without_a_word_is_told_from_one_that_is_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "PATIENCE", 0.3)
    with listening() as (there, port):
        assert wire.ask(plain(port), Request()).error == "no answer within 0.3 s"
        there.accept()[0].close()
        closing = closing_at_once(there)
        answer = wire.ask(plain(port), Request())
        closing.join()
        assert answer.error == "the connection was closed without an answer"


def test_a_slow_client_is_watched_until_it_is_closed_or_the_time_is_over() -> None:
    with listening() as (there, port):
        patient = wire.drip(plain(port), 1.5)
        there.accept()[0].close()
    assert patient is not None
    assert not patient.closed
    with listening() as (there, port):
        closing = closing_at_once(there)
        impatient = wire.drip(plain(port), 1.5)
        closing.join()
    assert impatient is not None
    assert impatient.closed
    with served() as port:
        site = plain(port)
    assert wire.drip(site, 1.5) is None


def test_ports_that_take_connections_are_told_from_those_that_do_not() -> None:
    with listening() as (_, port):
        assert wire.takes_connections("127.0.0.1", port)
    assert not wire.takes_connections("127.0.0.1", port)


def test_a_certificate_is_read_and_trusted_only_if_it_is_pinned(pem: Path) -> None:
    der = ssl.PEM_cert_to_DER_cert(pem.read_text().partition("-----END PRIVATE KEY-----\n")[2])
    with served(pem) as port:
        site = secure(port)
        shown = tls.served_certificate(site)
        assert shown is not None
        assert shown.sha256 == hashlib.sha256(der).hexdigest()
        assert (shown.names, shown.key, shown.self_issued) == ((DOMAIN, "127.0.0.1"), "EC secp256r1", True)
        assert tls.distrust(site, []) == "self-signed certificate"
        assert tls.distrust(site, [pem.read_text()]) == ""
        other = Site("other.example.com", "127.0.0.1", port=port)
        assert "Hostname mismatch" in tls.distrust(other, [pem.read_text()])


@pytest.mark.parametrize("library", [True, False], ids=["sslyze", "Python's ssl"])
def test_the_versions_that_a_site_speaks_are_found(pem: Path, library: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tls, "has_sslyze", lambda: library)
    with served(pem, ssl.TLSVersion.TLSv1_2) as port:
        seen = tls.look(secure(port), [])
    assert seen is not None
    assert seen.versions == ("TLSv1.2",)
    assert seen.certificate is not None
    assert (seen.ciphers is not None) == (seen.curves is not None) == library


def test_sslyze_sees_suites_and_curves(pem: Path) -> None:
    with served(pem) as port:
        seen = tls_sslyze.look(secure(port))
    assert seen.ciphers is not None
    assert "TLS_AES_256_GCM_SHA384" in seen.ciphers["TLSv1.3"]
    assert "X25519" in (seen.curves or ())
    assert seen.holes == ()


def test_a_site_without_tls_has_none() -> None:
    with served() as port:
        assert tls.look(secure(port), []) is None
