"""The local certificate authority: https on this machine, with a root one can choose to trust.

It lives in the project's `.seawall/local/tls`; its key never leaves it. The leaf is for localhost and is renewed
before it ends. Ninety days is the life of public certificates too, so nothing is hidden by a longer one.
"""

from __future__ import annotations

import datetime
import hashlib
import ipaddress
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

NAMES = ("localhost", "127.0.0.1", "::1")
LEAF_DAYS, AUTHORITY_DAYS, RENEW_DAYS = 90, 3650, 30


@dataclass(frozen=True)
class LeafFiles:
    certificate: Path
    key: Path
    authority: Path
    authority_key: Path


def leaf_files(folder: Path) -> LeafFiles:
    tls = folder / "tls"
    return LeafFiles(tls / "localhost.crt", tls / "localhost.key", tls / "ca.crt", tls / "ca.key")


def ensure(folder: Path, now: datetime.datetime) -> LeafFiles:
    """Make the authority and the leaf where they are missing or about to end."""
    files = leaf_files(folder)
    files.certificate.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not _lasts(files.authority, files.authority_key, now):
        key, certificate = _authority(now)
        _write(files.authority_key, _key_bytes(key), 0o600)
        _write(files.authority, _certificate_bytes(certificate), 0o644)
        files.certificate.unlink(missing_ok=True)
    if not _lasts(files.certificate, files.key, now):
        key, certificate = _leaf(files, now)
        _write(files.key, _key_bytes(key), 0o600)
        _write(files.certificate, _certificate_bytes(certificate), 0o644)
    return files


def fingerprint(files: LeafFiles) -> str:
    """Which leaf this is, in 16 hexadecimal digits; "" while there is none."""
    try:
        return hashlib.sha256(files.certificate.read_bytes()).hexdigest()[:16]
    except FileNotFoundError:
        return ""


def _lasts(certificate: Path, key: Path, now: datetime.datetime) -> bool:
    """Whether there are both and they can be used for a while; what is damaged is as good as missing."""
    from cryptography import x509
    from cryptography.hazmat.primitives import serialization

    try:
        end = x509.load_pem_x509_certificate(certificate.read_bytes()).not_valid_after_utc
        serialization.load_pem_private_key(key.read_bytes(), None)
    except (FileNotFoundError, ValueError):
        return False
    return end - now > datetime.timedelta(days=RENEW_DAYS)


def _authority(now: datetime.datetime) -> tuple[EllipticCurvePrivateKey, x509.Certificate]:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "seawall local authority")])
    usage = x509.KeyUsage(
        digital_signature=False,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=True,
        crl_sign=True,
        encipher_only=False,
        decipher_only=False,
    )
    certificate = (
        _builder(name, name, key, now, AUTHORITY_DAYS)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    return key, certificate


def _leaf(files: LeafFiles, now: datetime.datetime) -> tuple[EllipticCurvePrivateKey, x509.Certificate]:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    issuer = x509.load_pem_x509_certificate(files.authority.read_bytes())
    signer = serialization.load_pem_private_key(files.authority_key.read_bytes(), None)
    assert isinstance(signer, ec.EllipticCurvePrivateKey)  # noqa: S101 - we made it
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, NAMES[0])])
    authority_id = x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key())
    certificate = (
        _builder(name, issuer.subject, key, now, LEAF_DAYS)
        .add_extension(x509.SubjectAlternativeName([_alternative(n) for n in NAMES]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([x509.oid.ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(authority_id, critical=False)
        .sign(signer, hashes.SHA256())
    )
    return key, certificate


def _builder(
    subject: x509.Name, issuer: x509.Name, key: EllipticCurvePrivateKey, now: datetime.datetime, days: int
) -> x509.CertificateBuilder:
    from cryptography import x509

    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=days))
    )


def _alternative(name: str) -> x509.GeneralName:
    from cryptography import x509

    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _key_bytes(key: EllipticCurvePrivateKey) -> bytes:
    from cryptography.hazmat.primitives import serialization as s

    return key.private_bytes(s.Encoding.PEM, s.PrivateFormat.PKCS8, s.NoEncryption())


def _certificate_bytes(certificate: x509.Certificate) -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding

    return certificate.public_bytes(Encoding.PEM)


def _write(path: Path, data: bytes, mode: int) -> None:
    fresh = path.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
        file.write(data)
    fresh.rename(path)
