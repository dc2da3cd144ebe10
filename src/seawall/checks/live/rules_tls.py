"""SW80x and SW81x: the certificate, TLS, and the way visitors come to it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from urllib.parse import urlsplit

from seawall.checks.finding import Evidence, Exchange, Severity
from seawall.checks.live.questions import STRANGER
from seawall.checks.live.seen import Answer, Certificate, Outside
from seawall.checks.rule import Check, Rule

MOZILLA = "https://wiki.mozilla.org/Security/Server_Side_TLS"
HSTS = "RFC 6797, 6.1"
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
#: Two years, the least that Mozilla's guidelines ask for, in seconds.
TWO_YEARS = 63_072_000
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


def stays_plain(seen: Outside) -> Iterator[Evidence]:
    for answer in seen.of("plain"):
        if answer.status and not _to_https(answer) and answer.status not in {404, 444}:
            yield answer.showing("Location") if answer.redirects else answer.evidence()


def redirects_oddly(seen: Outside) -> Iterator[Evidence]:
    for answer in seen.of("plain"):
        if not _to_https(answer):
            continue
        there = urlsplit(answer.header("Location"))
        if answer.status not in {301, 308}:
            yield answer.showing("Location", f"{answer.status} is not for good: browsers ask again each time")
        if there.hostname != seen.site.domain:
            yield answer.showing("Location", "the first step leads to another host, so this one never tells of HSTS")
        if (there.path, there.query) != ("/seawall-check", "a=1"):
            yield answer.showing("Location", "the path or the query is lost")


def alias_stays(seen: Outside) -> Iterator[Evidence]:
    for answer in seen.of("aliases"):
        there = urlsplit(answer.header("Location"))
        if not answer.redirects or not there.hostname:
            yield answer.evidence()
        elif there.hostname != seen.site.domain and there.scheme == "https" and answer.url.startswith("https:"):
            yield answer.showing("Location")


def no_hsts(seen: Outside) -> Iterator[Evidence]:
    if not seen.front or not seen.site.https or seen.site.self_signed:
        return
    header = seen.front.header("Strict-Transport-Security")
    age = re.search(r"max-age\s*=\s*\"?(\d+)", header, re.I)
    if age is None:
        yield seen.front.showing("Strict-Transport-Security")
    elif int(age[1]) < TWO_YEARS:
        yield seen.front.showing("Strict-Transport-Security", f"less than two years, {TWO_YEARS} s")


def hsts_without_subdomains(seen: Outside) -> Iterator[Evidence]:
    header = seen.front.header("Strict-Transport-Security") if seen.front and seen.site.https else ""
    if seen.front and header and "includesubdomains" not in header.lower():
        yield seen.front.showing("Strict-Transport-Security")


def hsts_too_early(seen: Outside) -> Iterator[Evidence]:
    if seen.front and seen.site.self_signed and seen.front.header("Strict-Transport-Security"):
        yield seen.front.showing("Strict-Transport-Security")


def stranger_served(seen: Outside) -> Iterator[Evidence]:
    for answer in seen.of("stranger"):
        if answer.good or answer.status >= 500 or (answer.redirects and STRANGER in answer.header("Location")):
            yield answer.showing("Location") if answer.redirects else answer.evidence()


def stranger_greeted(seen: Outside) -> Iterator[Evidence]:
    if seen.stranger:
        yield Exchange(f"TLS handshake with {seen.site.address} for the name {STRANGER}", "accepted")


def forwarded_believed(seen: Outside) -> Iterator[Evidence]:
    for answer in seen.of("forwarded"):
        if STRANGER in answer.header("Location"):
            yield answer.showing("Location")
        elif STRANGER in answer.body:
            yield answer.evidence(fact=f"the page names {STRANGER}")


def _certificate(seen: Outside) -> Certificate | None:
    return seen.tls.certificate if seen.tls else None


def _shown(seen: Outside, certificate: Certificate, fact: str) -> Exchange:
    until = certificate.not_after.date().isoformat()
    answer = f"certificate of {', '.join(certificate.names) or 'no name'}, by {certificate.issuer}, until {until}"
    return Exchange(f"TLS handshake with {seen.site.domain}", answer, fact)


def _to_https(answer: Answer) -> bool:
    return answer.redirects and answer.header("Location").startswith("https://")


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
    Check(
        Rule(
            "SW811",
            Severity.ERROR,
            "Plain http is answered with something else than the way to https",
            "Whoever types the name is served without encryption, cookies and all.",
            "Answer every request on port 80 with a 301 to https; `seawall deploy` writes such a site.",
            MOZILLA,
        ),
        stays_plain,
    ),
    Check(
        Rule(
            "SW812",
            Severity.WARNING,
            "The redirect to https goes astray",
            "Links stop working, or the first visit is less safe than it could be.",
            "Redirect with 301 to the same host and path: return 301 https://$host$request_uri.",
            MOZILLA,
        ),
        redirects_oddly,
    ),
    Check(
        Rule(
            "SW813",
            Severity.WARNING,
            "A further name does not lead to the site",
            "Visitors who type it see an error, or a second copy of the site whose cookies differ.",
            "Put it into redirect_from and deploy; its DNS must lead to the host too.",
            "docs/reference/configuration.md",
        ),
        alias_stays,
    ),
    Check(
        Rule(
            "SW814",
            Severity.WARNING,
            "Browsers are not told to come by https only",
            "Somebody on the way can keep a visitor on plain http.",
            "Leave tls.hsts_seconds at two years.",
            HSTS,
        ),
        no_hsts,
    ),
    Check(
        Rule(
            "SW815",
            Severity.NOTE,
            "Strict-Transport-Security leaves out the subdomains",
            "Somebody on the way can set cookies for the site from a subdomain that they make up.",
            "Set tls.hsts_subdomains = true, if all subdomains are served over https.",
            "RFC 6797, 14.4",
        ),
        hsts_without_subdomains,
    ),
    Check(
        Rule(
            "SW816",
            Severity.WARNING,
            "Strict-Transport-Security is sent with a self-signed certificate",
            "A browser that has once trusted the site lets nobody past its warning any more, for as long as it says.",
            "Do not send it from the app; seawall does once the certificate is an authority's.",
            "RFC 6797, 11.3",
        ),
        hsts_too_early,
    ),
    Check(
        Rule(
            "SW817",
            Severity.ERROR,
            "The site answers under a name that is not its own",
            "Whoever points their name here gets the app's pages, and links in its mails and caches to their name.",
            "Refuse unknown hosts: a default_server with return 444, as `seawall deploy` writes.",
            "https://portswigger.net/web-security/host-header",
        ),
        stranger_served,
    ),
    Check(
        Rule(
            "SW818",
            Severity.WARNING,
            "TLS is spoken for a name that is not the site's",
            "Scanners of addresses learn from the certificate which site lives here.",
            "Refuse the handshake: ssl_reject_handshake on in the default server.",
            "https://nginx.org/en/docs/http/ngx_http_ssl_module.html#ssl_reject_handshake",
        ),
        stranger_greeted,
    ),
    Check(
        Rule(
            "SW819",
            Severity.ERROR,
            "A made-up X-Forwarded-Host comes back in the answer",
            "Links and redirects of the site can be made to lead to somebody else's, in mails and caches too.",
            "Have the proxy overwrite the header, and use ProxyFix with x_host=0.",
            "https://werkzeug.palletsprojects.com/en/stable/middleware/proxy_fix/",
        ),
        forwarded_believed,
    ),
)
