"""SW834 to SW841: cookies, and what pages load."""

from __future__ import annotations

import re
from collections.abc import Iterator

from seawall.checks.finding import Evidence, Severity
from seawall.checks.live import crawl, urls
from seawall.checks.live.seen import Answer, Outside
from seawall.checks.rule import Check, Rule

COOKIES = "https://developer.mozilla.org/en-US/docs/Web/HTTP/Guides/Cookies"
#: Shared caches and browsers may keep a page for anybody unless one of these is said (RFC 9111, 5.2.2).
PRIVATE = re.compile(r"no-store|private|no-cache", re.I)
STATIC_KINDS = ("text/css", "text/javascript", "application/javascript", "font/", "image/")


def cookies(seen: Outside) -> Iterator[tuple[Answer, str, frozenset[str]]]:
    """Every cookie that was set, once by name: its header with the value masked, and its attributes in lower case."""
    named: set[str] = set()
    for answer in seen.answers:
        for header in answer.all("Set-Cookie"):
            first, *rest = header.split(";")
            name = first.partition("=")[0].strip()
            if name not in named:
                named.add(name)
                line = "; ".join([f"Set-Cookie: {name}=***", *(part.strip() for part in rest)])
                yield answer, line, frozenset(part.strip().lower() for part in rest)


def cookie_by_http(seen: Outside) -> Iterator[Evidence]:
    for answer, line, attributes in cookies(seen):
        if seen.site.https and "secure" not in attributes:
            yield answer.evidence(line)


def cookie_to_scripts(seen: Outside) -> Iterator[Evidence]:
    for answer, line, attributes in cookies(seen):
        if "httponly" not in attributes and not re.search(r"csrf|xsrf", line, re.I):
            yield answer.evidence(line)


def cookie_across_sites(seen: Outside) -> Iterator[Evidence]:
    for answer, line, attributes in cookies(seen):
        if not any(attribute.startswith("samesite=") for attribute in attributes):
            yield answer.evidence(line)


def cookie_sent_everywhere(seen: Outside) -> Iterator[Evidence]:
    for answer, line, attributes in cookies(seen):
        if "samesite=none" in attributes:
            yield answer.evidence(line)


def cookie_without_prefix(seen: Outside) -> Iterator[Evidence]:
    for answer, line, attributes in cookies(seen):
        if "secure" in attributes and "__Host-" not in line and "__Secure-" not in line:
            yield answer.evidence(line)


def cookie_cached(seen: Outside) -> Iterator[Evidence]:
    for answer in seen.answers:
        if answer.all("Set-Cookie") and not PRIVATE.search(answer.header("Cache-Control")):
            varies = "cookie" in answer.header("Vary").lower()
            if not varies or re.search(r"public|s-maxage|max-age=[1-9]", answer.header("Cache-Control"), re.I):
                yield answer.showing("Cache-Control")


def mixed(seen: Outside) -> Iterator[Evidence]:
    for answer in seen.pages if seen.site.https else ():
        for page in crawl.read((answer,)):
            for url in dict.fromkeys(
                url for kind, url in page.loads if urls.split(url).scheme == "http" and kind != "base-uri"
            ):
                yield answer.evidence(url)


def static_not_kept(seen: Outside) -> Iterator[Evidence]:
    for answer in seen.assets:
        keeps = re.search(r"max-age=[1-9]|immutable", answer.header("Cache-Control"))
        if answer.good and answer.kind.startswith(STATIC_KINDS) and not keeps and not answer.header("Expires"):
            yield answer.showing("Cache-Control")


CHECKS: tuple[Check[Outside], ...] = (
    Check(
        Rule(
            "SW834",
            Severity.ERROR,
            "A cookie is sent over plain http too",
            "Somebody on the way reads it, and is logged in.",
            "Set SESSION_COOKIE_SECURE = True, or secure=True where the app sets it.",
            COOKIES,
        ),
        cookie_by_http,
    ),
    Check(
        Rule(
            "SW835",
            Severity.WARNING,
            "Scripts may read a cookie",
            "An injected script can send it away.",
            "Set httponly=True, unless a script of the site needs it.",
            COOKIES,
        ),
        cookie_to_scripts,
    ),
    Check(
        Rule(
            "SW836",
            Severity.WARNING,
            "A cookie does not say which sites it goes with",
            "Browsers differ in what they do then; some send it with other sites' forms.",
            'Set SESSION_COOKIE_SAMESITE = "Lax", or samesite="Lax" where the app sets it.',
            COOKIES,
        ),
        cookie_across_sites,
    ),
    Check(
        Rule(
            "SW837",
            Severity.WARNING,
            "A cookie goes with other sites' requests",
            "Their forms act in the visitor's name.",
            "Use SameSite=Lax, unless the site is made to be embedded.",
            COOKIES,
        ),
        cookie_sent_everywhere,
    ),
    Check(
        Rule(
            "SW838",
            Severity.NOTE,
            "A cookie's name has no __Host- prefix",
            "With it, browsers take the cookie from this host over https only, never from a subdomain.",
            'Set SESSION_COOKIE_NAME = "__Host-session", with Secure, Path=/ and no Domain.',
            COOKIES,
        ),
        cookie_without_prefix,
    ),
    Check(
        Rule(
            "SW839",
            Severity.WARNING,
            "An answer that sets a cookie may be cached",
            "A cache between hands one visitor's cookie to another.",
            "Send Cache-Control: no-store or private with it.",
            "RFC 9111, 5.2.2",
        ),
        cookie_cached,
    ),
    Check(
        Rule(
            "SW840",
            Severity.WARNING,
            "A page loads something over plain http",
            "Browsers refuse it, or somebody on the way replaces it.",
            "Load it over https, or from the site itself.",
            "https://developer.mozilla.org/en-US/docs/Web/Security/Mixed_content",
        ),
        mixed,
    ),
    Check(
        Rule(
            "SW841",
            Severity.NOTE,
            "A static file is asked for again each time",
            "Pages take longer than they need.",
            "Serve it by the proxy: name its folder in [static].",
            "RFC 9111, 5.2.2.1",
        ),
        static_not_kept,
    ),
)
