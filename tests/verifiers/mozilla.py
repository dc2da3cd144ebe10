"""Mozilla's server-side TLS guidelines, version 6.0, "intermediate", as rules over what sslyze saw.

sslyze's own check (against version 5.7) names what a server offers too much; it does not ask that it offers what
it should, nor for HSTS. These rules do both.
"""

from collections.abc import Iterator

from .findings import Finding
from .sslyze import Certificate, Tls

VERSIONS = frozenset({"TLSv1.2", "TLSv1.3"})
TLS13 = frozenset({"TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"})
#: Of TLS 1.2, for a certificate with a key of that kind. No DHE any more since 6.0.
TLS12 = {
    kind: frozenset(
        {
            f"TLS_ECDHE_{kind}_WITH_AES_128_GCM_SHA256",
            f"TLS_ECDHE_{kind}_WITH_AES_256_GCM_SHA384",
            f"TLS_ECDHE_{kind}_WITH_CHACHA20_POLY1305_SHA256",
        }
    )
    for kind in ("ECDSA", "RSA")
}
#: By their SECG names. X25519MLKEM768 comes first where OpenSSL has it (3.5); sslyze cannot see it yet.
CURVES = frozenset({"X25519", "secp256r1", "secp384r1"})
KEYS = frozenset({"ecdsa secp256r1", "ecdsa secp384r1", "RSAPublicKey"})
HASHES = frozenset({"sha256", "sha384", "sha512"})
HSTS_SECONDS = 63_072_000
LONGEST_LIFE = 366  # days
SMALLEST_RSA = 2048  # bits


def intermediate(tls: Tls) -> list[Finding]:
    """Every way in which the server departs from the guidelines."""
    return [*_protocol(tls), *(finding for c in tls.certificates for finding in _certificate(c))]


def _protocol(tls: Tls) -> Iterator[Finding]:
    yield from _differ("versions", frozenset(tls.versions), VERSIONS)
    yield from _differ("TLS 1.3 suites", tls.versions.get("TLSv1.3", frozenset()), TLS13)
    kinds = {"ECDSA" if c.key.startswith("ecdsa") else "RSA" for c in tls.certificates}
    wanted = frozenset().union(*(TLS12[kind] for kind in kinds))
    yield from _differ("TLS 1.2 suites", tls.versions.get("TLSv1.2", frozenset()), wanted)
    yield from _differ("curves", tls.curves, CURVES)
    if tls.hsts_seconds < HSTS_SECONDS:
        yield _finding("HSTS", f"{tls.hsts_seconds} s, less than {HSTS_SECONDS} s")


def _certificate(certificate: Certificate) -> Iterator[Finding]:
    if not certificate.trusted:
        yield _finding("certificate", "it does not lead to the authority")
    if not certificate.chain_in_order:
        yield _finding("certificate", "the chain is not in order")
    if certificate.key not in KEYS or (certificate.rsa_bits or SMALLEST_RSA) < SMALLEST_RSA:
        yield _finding("certificate", f"its key is {certificate.key} {certificate.rsa_bits or ''}".rstrip())
    if certificate.hash not in HASHES:
        yield _finding("certificate", f"it is signed with {certificate.hash}")
    if certificate.days > LONGEST_LIFE:
        yield _finding("certificate", f"it is valid for {certificate.days} days, more than {LONGEST_LIFE}")
    if certificate.stapled:
        yield _finding("certificate", "an OCSP answer is stapled")


def _differ(what: str, offered: frozenset[str], wanted: frozenset[str]) -> Iterator[Finding]:
    if offered - wanted:
        yield _finding(what, f"too much: {', '.join(sorted(offered - wanted))}")
    if wanted - offered:
        yield _finding(what, f"missing: {', '.join(sorted(wanted - offered))}")


def _finding(id: str, text: str) -> Finding:
    return Finding("Mozilla 6.0 intermediate", id, "departs", text)
