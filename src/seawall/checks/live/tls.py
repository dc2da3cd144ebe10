"""TLS of a live site: its certificate, the versions it speaks, and with sslyze (``seawall[check]``) the rest."""

from __future__ import annotations

import hashlib
import importlib.util
import socket
import ssl
import warnings
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtensionOID, NameOID

from seawall.checks.live import wire
from seawall.checks.live.seen import Certificate, Site, Tls

#: What is said where sslyze is not installed.
NOT_ALL = (
    "sslyze is not installed, so cipher suites, curves and known holes of TLS were not looked at: "
    "install seawall[check] for that"
)
VERSIONS = {
    "TLSv1": ssl.TLSVersion.TLSv1,
    "TLSv1.1": ssl.TLSVersion.TLSv1_1,
    "TLSv1.2": ssl.TLSVersion.TLSv1_2,
    "TLSv1.3": ssl.TLSVersion.TLSv1_3,
}


def has_sslyze() -> bool:
    return importlib.util.find_spec("sslyze") is not None


def look(site: Site, trusted: Sequence[str]) -> Tls | None:
    """How the site speaks TLS; None if it does not. ``trusted`` are certificates in PEM form to trust besides those
    of this machine."""
    certificate = served_certificate(site)
    if certificate is None:
        return None
    certificate = replace(certificate, distrust=distrust(site, trusted))
    if not has_sslyze():
        return Tls(certificate, _versions(site))
    from seawall.checks.live import tls_sslyze

    return replace(tls_sslyze.look(site), certificate=certificate)


def served_certificate(site: Site) -> Certificate | None:
    """The certificate that the site shows for its domain; None if it speaks no TLS."""
    try:
        with wire.connect(site) as there:
            data = there.getpeercert(binary_form=True) if isinstance(there, ssl.SSLSocket) else None
    except OSError:
        return None
    return certificate_of(data) if data else None


def certificate_of(data: bytes) -> Certificate:
    """What a certificate in DER form says."""
    parsed = x509.load_der_x509_certificate(data)
    return Certificate(
        names=_names(parsed),
        issuer=_issuer(parsed),
        not_before=parsed.not_valid_before_utc.astimezone(UTC),
        not_after=parsed.not_valid_after_utc.astimezone(UTC),
        key=_key(parsed),
        signature=parsed.signature_hash_algorithm.name if parsed.signature_hash_algorithm else "",
        sha256=hashlib.sha256(data).hexdigest(),
        self_issued=parsed.issuer == parsed.subject,
    )


def distrust(site: Site, trusted: Sequence[str]) -> str:
    """Why a visitor's browser would not trust the certificate, as this machine sees it; "" if it would."""
    context = ssl.create_default_context()
    for pem in trusted:
        context.load_verify_locations(cadata=pem)
    try:
        with (
            socket.create_connection((site.address, site.port), wire.PATIENCE) as there,
            context.wrap_socket(there, server_hostname=site.domain),
        ):
            return ""
    except ssl.SSLCertVerificationError as error:
        return str(error.verify_message)
    except OSError as error:
        return str(error)


def _names(parsed: x509.Certificate) -> tuple[str, ...]:
    try:
        names = parsed.extensions.get_extension_for_oid(ExtensionOID.SUBJECT_ALTERNATIVE_NAME).value
    except x509.ExtensionNotFound:
        return ()
    assert isinstance(names, x509.SubjectAlternativeName)  # noqa: S101 - that is what the number means
    addresses = names.get_values_for_type(x509.IPAddress)
    return (*names.get_values_for_type(x509.DNSName), *(str(address) for address in addresses))


def _issuer(parsed: x509.Certificate) -> str:
    for oid in (NameOID.ORGANIZATION_NAME, NameOID.COMMON_NAME):
        for attribute in parsed.issuer.get_attributes_for_oid(oid):
            return str(attribute.value)
    return parsed.issuer.rfc4514_string()


def _key(parsed: x509.Certificate) -> str:
    key = parsed.public_key()
    if isinstance(key, rsa.RSAPublicKey):
        return f"RSA {key.key_size}"
    if isinstance(key, ec.EllipticCurvePublicKey):
        return f"EC {key.curve.name}"
    return type(key).__name__.removesuffix("PublicKey").lstrip("_")


def _versions(site: Site) -> tuple[str, ...]:
    """The versions that the site speaks, of those that this machine's OpenSSL still can."""
    return tuple(name for name, version in VERSIONS.items() if _speaks(site, version))


def _speaks(site: Site, version: ssl.TLSVersion) -> bool:
    context = wire.trusting_anybody()
    context.set_ciphers("ALL:@SECLEVEL=0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # old versions are deprecated: that is why we ask for them
        context.minimum_version = context.maximum_version = version
    try:
        with (
            socket.create_connection((site.address, site.port), wire.PATIENCE) as there,
            context.wrap_socket(there, server_hostname=site.domain),
        ):
            return True
    except (OSError, ValueError):
        return False
