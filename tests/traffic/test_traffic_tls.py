from __future__ import annotations

import asyncio
import datetime
import ssl
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from scripted_server import always, page, running

from seawall.traffic import Report, TrafficPlan, run_traffic


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate of its own for shop.test, and its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "shop.test")])
    now = datetime.datetime.now(datetime.UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("shop.test")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "shop.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + signed.public_bytes(serialization.Encoding.PEM)
    )
    return path


def load_https(certificate: Path, host: str, ca_file: str) -> tuple[Report, str]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)

    async def go() -> tuple[Report, str]:
        async with running(always(page()), context) as server:
            url = server.url.replace("127.0.0.1", host)
            plan = TrafficPlan(url, rate=100, seconds=0.2, ca_file=ca_file, resolve_to="127.0.0.1")
            report = await run_traffic(plan, asyncio.Event())
            return report, server.hits[0].head if server.hits else ""

    return asyncio.run(go())


def test_https_with_a_trusted_certificate_works_at_another_address(certificate: Path) -> None:
    report, head = load_https(certificate, "shop.test", str(certificate))
    assert (report.requests, report.failed) == (20, 0), report.failures[:1]
    assert "Host: shop.test:" in head


@pytest.mark.parametrize("trusted", [True, False])
def test_an_untrusted_certificate_or_a_wrong_name_fails_every_request(certificate: Path, trusted: bool) -> None:
    host, ca_file = ("other.test", str(certificate)) if trusted else ("shop.test", "")
    report, _ = load_https(certificate, host, ca_file)
    assert (report.requests, report.failed) == (20, 20)
    assert report.failures[0].what.startswith("TLS: certificate not trusted (")
