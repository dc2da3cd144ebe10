"""SW80x: the certificate and TLS."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from seawall.checks.finding import Evidence, Exchange, Severity
from seawall.checks.live.seen import Certificate, Outside
from seawall.checks.rule import Check, Rule

MOZILLA = "https://wiki.mozilla.org/Security/Server_Side_TLS"
#: Mozilla's server-side TLS 6.0, "intermediate": versions, cipher suites (OpenSSL's names), curves (also as SECG).
VERSIONS = frozenset({"TLSv1.2", "TLSv1.3"})
CIPHERS = frozenset(
    {
        "TLS_AES_128_GCM_SHA256",
        "TLS_AES_256_GCM_SHA384",
        "TLS_CHACHA20_POLY1305_SHA256",
        *(
            f"ECDHE-{key}-{cipher}"
            for key in ("ECDSA", "RSA")
            for cipher in ("AES128-GCM-SHA256", "AES256-GCM-SHA384", "CHACHA20-POLY1305")
        ),
    }
)
CURVES = frozenset({"X25519MLKEM768", "X25519", "prime256v1", "secp256r1", "secp384r1"})
KEYS = frozenset({"EC secp256r1", "EC secp384r1", "Ed25519"})
RSA_BITS = 2048
#: Renewal happens with a third of the life left (30 of 90 days): later than this it has failed for a while.
SOON = timedelta(days=21)
#: The longest that Mozilla's guidelines allow.
LONGEST = timedelta(days=366)


def not_trusted(seen: Outside) -> Iterator[Evidence]:
    certificate = _certificate(seen)
    if certificate and certificate.distrust:
        yield _shown(seen, certificate, certificate.distrust)


def self_signed(seen: Outside) -> Iterator[Evidence]:
    certificate = _certificate(seen)
    if certificate and seen.site.self_signed and certificate.self_issued and not certificate.distrust:
        yield _shown(seen, certificate, "the configuration says so: tls.mode is self-signed")


def ends_soon(seen: Outside) -> Iterator[Evidence]:
    certificate = _certificate(seen)
    if not certificate:
        return
    life = certificate.not_after - certificate.not_before
    left = certificate.not_after - seen.now
    if timedelta() <= left < min(SOON, life / 4):
        yield _shown(seen, certificate, f"{left.days} days left of {life.days}")


def lives_long(seen: Outside) -> Iterator[Evidence]:
    certificate = _certificate(seen)
    if certificate and not certificate.self_issued and certificate.not_after - certificate.not_before > LONGEST:
        yield _shown(seen, certificate, f"it lives {(certificate.not_after - certificate.not_before).days} days")


def old_versions(seen: Outside) -> Iterator[Evidence]:
    for version in seen.tls.versions if seen.tls else ():
        if version not in VERSIONS:
            yield Exchange(f"TLS handshake with {seen.site.domain}, {version}", "accepted")


def no_new_version(seen: Outside) -> Iterator[Evidence]:
    if seen.tls and seen.tls.versions and "TLSv1.3" not in seen.tls.versions:
        yield Exchange(f"TLS handshake with {seen.site.domain}, TLSv1.3", "refused")


def other_ciphers(seen: Outside) -> Iterator[Evidence]:
    for version, ciphers in (seen.tls.ciphers or {}).items() if seen.tls else ():
        extra = [cipher for cipher in ciphers if cipher not in CIPHERS]
        if extra and version in VERSIONS:
            yield Exchange(f"TLS handshakes with {seen.site.domain}, {version}", f"accepts {', '.join(extra)}")


def other_curves(seen: Outside) -> Iterator[Evidence]:
    extra = [curve for curve in (seen.tls.curves or ()) if curve not in CURVES] if seen.tls else []
    if extra:
        yield Exchange(f"TLS handshakes with {seen.site.domain}", f"accepts {', '.join(extra)}")


def weak_key(seen: Outside) -> Iterator[Evidence]:
    certificate = _certificate(seen)
    kind, _, bits = certificate.key.partition(" ") if certificate else ("", "", "")
    long_enough = kind == "RSA" and int(bits) >= RSA_BITS
    if certificate and certificate.key not in KEYS and not long_enough:
        yield _shown(seen, certificate, f"its key is {certificate.key}")
    if certificate and certificate.signature in {"md5", "sha1"}:
        yield _shown(seen, certificate, f"it is signed with {certificate.signature}")


def known_holes(seen: Outside) -> Iterator[Evidence]:
    for hole in seen.tls.holes if seen.tls else ():
        yield Exchange(f"TLS handshakes with {seen.site.domain}", hole)


def _certificate(seen: Outside) -> Certificate | None:
    return seen.tls.certificate if seen.tls else None


def _shown(seen: Outside, certificate: Certificate, fact: str) -> Exchange:
    until = certificate.not_after.date().isoformat()
    answer = f"certificate of {', '.join(certificate.names) or 'no name'}, by {certificate.issuer}, until {until}"
    return Exchange(f"TLS handshake with {seen.site.domain}", answer, fact)


CHECKS: tuple[Check[Outside], ...] = (
    Check(
        Rule(
            "SW801",
            Severity.ERROR,
            "Browsers do not trust the certificate",
            "Visitors are told that the site is dangerous, and those who go on can be deceived by anybody.",
            'Set tls.mode = "acme", or renew the certificate with its chain; for an authority of your own use --ca.',
            MOZILLA,
        ),
        not_trusted,
    ),
    Check(
        Rule(
            "SW802",
            Severity.WARNING,
            "The certificate is self-signed",
            "Browsers warn every visitor, and who ignores that cannot tell the site from an impostor.",
            'Set tls.mode = "acme" once the domain leads to the host.',
            MOZILLA,
        ),
        self_signed,
    ),
    Check(
        Rule(
            "SW803",
            Severity.WARNING,
            "The certificate ends soon",
            "It should have been renewed by now: its renewal has been failing.",
            "Look at `seawall cert status`, and run `seawall cert renew`.",
            "https://letsencrypt.org/docs/integration-guide/",
        ),
        ends_soon,
    ),
    Check(
        Rule(
            "SW804",
            Severity.NOTE,
            "The certificate lives longer than a year",
            "A key that is stolen is of use for as long, and browsers refuse certificates that live too long.",
            'Have it issued for 90 days and renewed by itself: tls.mode = "acme".',
            MOZILLA,
        ),
        lives_long,
    ),
    Check(
        Rule(
            "SW805",
            Severity.ERROR,
            "An old version of TLS is accepted",
            "Versions before 1.2 can be broken by somebody on the way (RFC 8996).",
            "Set ssl_protocols TLSv1.2 TLSv1.3 in nginx's http block, where the default server takes it from.",
            MOZILLA,
        ),
        old_versions,
    ),
    Check(
        Rule(
            "SW806",
            Severity.WARNING,
            "TLS 1.3 is not spoken",
            "It is quicker and leaves less to get wrong.",
            "Add TLSv1.3 to ssl_protocols.",
            MOZILLA,
        ),
        no_new_version,
    ),
    Check(
        Rule(
            "SW807",
            Severity.WARNING,
            "Cipher suites are accepted that Mozilla's intermediate profile leaves out",
            "They lack forward secrecy or authenticated encryption.",
            "Set ssl_ciphers to the profile's list in nginx's http block.",
            MOZILLA,
        ),
        other_ciphers,
    ),
    Check(
        Rule(
            "SW808",
            Severity.NOTE,
            "Curves are accepted that Mozilla's intermediate profile leaves out",
            "They are slower or less well studied.",
            "Set ssl_ecdh_curve X25519:prime256v1:secp384r1 in nginx's http block; in a server block it does not hold.",
            MOZILLA,
        ),
        other_curves,
    ),
    Check(
        Rule(
            "SW809",
            Severity.ERROR,
            "The certificate's key or signature is weak",
            "It can be forged.",
            "Have one issued for a P-256 key, as `seawall` does.",
            MOZILLA,
        ),
        weak_key,
    ),
    Check(
        Rule(
            "SW810",
            Severity.ERROR,
            "TLS has a known hole",
            "What is said can be read, replayed or stopped from outside.",
            "Update OpenSSL and the proxy, and turn off what is named.",
            MOZILLA,
        ),
        known_holes,
    ),
)
