"""SW811 to SW819: the way visitors come to the site, and who else comes."""

from __future__ import annotations

import re
from collections.abc import Iterator

from seawall.checks.finding import Evidence, Exchange, Severity
from seawall.checks.live import urls
from seawall.checks.live.questions import STRANGER
from seawall.checks.live.seen import Answer, Outside
from seawall.checks.rule import Check, Rule

MOZILLA = "https://wiki.mozilla.org/Security/Server_Side_TLS"
HSTS = "RFC 6797, 6.1"
#: Two years, the least that Mozilla's guidelines ask for, in seconds.
TWO_YEARS = 63_072_000


def stays_plain(seen: Outside) -> Iterator[Evidence]:
    for answer in seen.of("plain"):
        if answer.status and not _to_https(answer) and answer.status not in {404, 444}:
            yield answer.showing("Location") if answer.redirects else answer.evidence()


def redirects_oddly(seen: Outside) -> Iterator[Evidence]:
    for answer in seen.of("plain"):
        if not _to_https(answer):
            continue
        there = urls.split(answer.header("Location"))
        if answer.status not in {301, 308}:
            yield answer.showing("Location", f"{answer.status} is not for good: browsers ask again each time")
        if there.hostname != seen.site.domain:
            yield answer.showing("Location", "the first step leads to another host, so this one never tells of HSTS")
        if (there.path, there.query) != ("/seawall-check", "a=1"):
            yield answer.showing("Location", "the path or the query is lost")


def alias_stays(seen: Outside) -> Iterator[Evidence]:
    for answer in seen.of("aliases"):
        there = urls.split(answer.header("Location"))
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


def _to_https(answer: Answer) -> bool:
    return answer.redirects and answer.header("Location").startswith("https://")


CHECKS: tuple[Check[Outside], ...] = (
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
