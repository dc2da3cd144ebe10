"""The guestbook on a host, put there as a person does who leaves every setting as it is: set up, then deployed.

The certificate is a test authority's, so that browsers' rules for trusted sites hold.
"""

import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from hosts.machine import Host
from hosts.product import Project, copied_project

from .findings import Target

GUESTBOOK = Path(__file__).resolve().parents[2] / "examples" / "guestbook"
DOMAIN = "guestbook.example.com"
KEY_USAGES = (
    *("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement"),
    *("key_cert_sign", "crl_sign", "encipher_only", "decipher_only"),
)
CERTIFICATE, KEY = "/etc/ssl/example/fullchain.pem", "/etc/ssl/example/key.pem"


@dataclass(frozen=True)
class Site:
    """The host, the project on this machine, and what a verifier needs to reach the site."""

    host: Host
    project: Project
    target: Target

    def unit(self) -> str:
        """The service of the live release."""
        return f"seawall-guestbook@{self.project.live()}.service"


def make_site(host: Host, environment: Mapping[str, str], directory: Path) -> Site:
    """`seawall server setup` and `seawall deploy`, as the guide for beginners has them."""
    project = copied_project(directory, environment, GUESTBOOK)
    project.seawall("server", "setup", f"root@{host.name}", "--yes")
    authority = _install_certificate(host)
    trusted = directory / "authority.pem"
    trusted.write_bytes(authority)
    project.configure(hosts=[f"deploy@{host.name}"], tls={"mode": "files", "certificate": CERTIFICATE, "key": KEY})
    project.seawall("secret", "set", "SECRET_KEY", input=f"{'verified' * 8}\n")
    project.deploy()
    return Site(host, project, Target(DOMAIN, host.address, trusted))


def _install_certificate(host: Host) -> bytes:
    """Puts a certificate for the domain and its chain on the host; the answer is the root's own, in PEM."""
    root_key, middle_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(3))
    root = _certificate("Test root", root_key, "Test root", root_key)
    middle = _certificate("Test authority", middle_key, "Test root", root_key)
    leaf = _certificate(DOMAIN, key, "Test authority", middle_key, site=True)
    pem = serialization.Encoding.PEM
    plain = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    host.write_file(CERTIFICATE, (leaf.public_bytes(pem) + middle.public_bytes(pem)).decode())
    host.write_file(KEY, plain.decode(), mode="600")
    return root.public_bytes(pem)


def _certificate(
    name: str,
    key: ec.EllipticCurvePrivateKey,
    issuer: str,
    issuer_key: ec.EllipticCurvePrivateKey,
    *,
    site: bool = False,
) -> x509.Certificate:
    now = datetime.datetime.now(tz=datetime.UTC)
    own, issuers = key.public_key(), issuer_key.public_key()
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
        .public_key(own)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=89))
        .add_extension(x509.BasicConstraints(ca=not site, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(own), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuers), critical=False)
    )
    usage = dict.fromkeys(KEY_USAGES, False) | dict.fromkeys(
        ("digital_signature",) if site else ("key_cert_sign", "crl_sign"), True
    )
    builder = builder.add_extension(x509.KeyUsage(**usage), critical=True)
    if site:
        builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
    return builder.sign(issuer_key, hashes.SHA256())
