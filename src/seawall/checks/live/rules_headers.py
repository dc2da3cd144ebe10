"""SW82x and SW83x: what answers say in their headers."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from seawall.checks.finding import Evidence, Severity
from seawall.checks.live import csp
from seawall.checks.live.questions import STRANGER
from seawall.checks.live.seen import Answer, Outside
from seawall.checks.rule import Check, Rule

POLICY = "https://developer.mozilla.org/en-US/docs/Web/HTTP/Guides/CSP"
HEADERS = "https://cheatsheetseries.owasp.org/cheatsheets/HTTP_Headers_Cheat_Sheet.html"
#: Values under which other sites learn no more than the host name (Referrer Policy, 3).
DISCREET = frozenset(
    {
        "no-referrer",
        "same-origin",
        "strict-origin",
        "strict-origin-when-cross-origin",
        "origin",
        "origin-when-cross-origin",
    }
)
#: Headers that must come once: browsers take the first, the last, or none of two.
ONCE = (
    "X-Content-Type-Options",
    "X-Frame-Options",
    "Strict-Transport-Security",
    "Cross-Origin-Opener-Policy",
    "Cross-Origin-Resource-Policy",
    "Access-Control-Allow-Origin",
    "Content-Type",
)
TELLING = ("Server", "X-Powered-By", "X-AspNet-Version", "X-Generator", "Via")


def no_policy(seen: Outside) -> Iterator[Evidence]:
    front = seen.front
    if front and not front.header("Content-Security-Policy"):
        trying = front.header("Content-Security-Policy-Report-Only")
        yield front.showing("Content-Security-Policy", "there is one that only reports" if trying else "")


def policy_with_holes(seen: Outside) -> Iterator[Evidence]:
    for answer, policies in _policies(seen):
        for hole in csp.holes(policies[0]) if len(policies) == 1 else ():
            yield answer.showing("Content-Security-Policy", hole)


def policy_without_scripts(seen: Outside) -> Iterator[Evidence]:
    for answer, policies in _policies(seen):
        if all(csp.sources(policy, "script-src") is None for policy in policies):
            yield answer.showing("Content-Security-Policy")


def policy_incomplete(seen: Outside) -> Iterator[Evidence]:
    for answer, policies in _policies(seen):
        lacking = [name for name in csp.missing(policies[0]) if all(name in csp.missing(one) for one in policies)]
        framed = answer.header("X-Frame-Options").strip().lower() in {"deny", "sameorigin"}
        wanted = [name for name in lacking if not (name == "frame-ancestors" and framed)]
        if wanted:
            yield answer.showing("Content-Security-Policy", f"without {', '.join(wanted)}")


def framed_by_anybody(seen: Outside) -> Iterator[Evidence]:
    front = seen.front
    if front and not front.header("Content-Security-Policy") and not front.header("X-Frame-Options"):
        yield front.showing("X-Frame-Options", "and no frame-ancestors")


def sniffed(seen: Outside) -> Iterator[Evidence]:
    for answer in (seen.front, *seen.assets):
        first = answer.header("X-Content-Type-Options").partition(",")[0] if answer else ""  # which counts (Fetch, 3.7)
        if answer and answer.good and first.strip().lower() != "nosniff":
            yield answer.showing("X-Content-Type-Options")


def referrer_told(seen: Outside) -> Iterator[Evidence]:
    front = seen.front
    values = [word.strip().lower() for word in front.header("Referrer-Policy").split(",")] if front else []
    if front and (not values or values[-1] not in DISCREET):
        yield front.showing("Referrer-Policy")


def lacks(name: str) -> Callable[[Outside], Iterator[Evidence]]:
    """A rule that the first page must have a header."""

    def look(seen: Outside) -> Iterator[Evidence]:
        front = seen.front
        if front and not front.header(name):
            yield front.showing(name)

    return look


def filter_of_old(seen: Outside) -> Iterator[Evidence]:
    front = seen.front
    if front and front.header("X-XSS-Protection") not in {"", "0"}:
        yield front.showing("X-XSS-Protection")


def versions_told(seen: Outside) -> Iterator[Evidence]:
    told: dict[str, Evidence] = {}
    for answer in (*seen.answers, *seen.of("errors"), *seen.of("plain")):
        for name in TELLING:
            value = answer.header(name)
            if re.search(r"\d", value) and not (name == "Via" and re.fullmatch(r"[\d.]+ \S+", value)):
                told.setdefault(f"{name}: {value}", answer.showing(name))
    yield from told.values()


def said_twice(seen: Outside) -> Iterator[Evidence]:
    told: dict[str, Evidence] = {}
    for answer in seen.answers:
        for name in ONCE:
            if len(answer.all(name)) > 1:
                told.setdefault(name, answer.showing(name))
    yield from told.values()


def any_origin(seen: Outside) -> Iterator[Evidence]:
    for answer in seen.of("origin"):
        allowed = answer.header("Access-Control-Allow-Origin")
        if STRANGER in allowed and answer.header("Access-Control-Allow-Credentials").lower() == "true":
            yield answer.showing("Access-Control-Allow-Origin", "and credentials are allowed")


def _policies(seen: Outside) -> Iterator[tuple[Answer, list[csp.Policy]]]:
    """Each different set of policies, with the page where it came first; several hold together."""
    told: set[str] = set()
    for answer in seen.pages:
        header = answer.header("Content-Security-Policy")
        if answer.good and header and header not in told:
            told.add(header)
            yield answer, [csp.read_policy(policy) for policy in header.split(",")]


CHECKS: tuple[Check[Outside], ...] = (
    Check(
        Rule(
            "SW820",
            Severity.WARNING,
            "There is no Content-Security-Policy",
            "A single mistake in escaping lets somebody's script run in every visitor's name.",
            "Set headers.content_security_policy; `seawall check --live --propose-csp` proposes one.",
            POLICY,
        ),
        no_policy,
    ),
    Check(
        Rule(
            "SW821",
            Severity.WARNING,
            "The Content-Security-Policy has a hole",
            "What it allows is what an injected script needs.",
            "Move scripts from pages into files, or allow each by its hash: `seawall check --live --propose-csp`.",
            POLICY,
        ),
        policy_with_holes,
    ),
    Check(
        Rule(
            "SW822",
            Severity.NOTE,
            "The Content-Security-Policy says nothing of scripts",
            "It forbids what hardly any site needs, but an injected script still runs.",
            "Try the policy that `seawall check --live --propose-csp` proposes as report-only, then set it.",
            POLICY,
        ),
        policy_without_scripts,
    ),
    Check(
        Rule(
            "SW823",
            Severity.WARNING,
            "The Content-Security-Policy lacks a directive",
            "Nothing stands in for these: base-uri redirects scripts, frame-ancestors stops click-jacking.",
            "Add what is missing: object-src 'none'; base-uri 'none'; frame-ancestors 'none'.",
            POLICY,
        ),
        policy_incomplete,
    ),
    Check(
        Rule(
            "SW824",
            Severity.WARNING,
            "Any site may show this one in a frame",
            "Visitors can be made to press buttons that they do not see.",
            "Add frame-ancestors 'self' to headers.content_security_policy.",
            "https://developer.mozilla.org/en-US/docs/Web/Security/Attacks/Clickjacking",
        ),
        framed_by_anybody,
    ),
    Check(
        Rule(
            "SW825",
            Severity.WARNING,
            "Browsers may guess what an answer is",
            "An uploaded text can be taken for a script.",
            'Leave headers.content_type_options = "nosniff".',
            HEADERS,
        ),
        sniffed,
    ),
    Check(
        Rule(
            "SW826",
            Severity.NOTE,
            "Other sites may learn the full address that a visitor came from",
            "Addresses hold search words, tokens and names.",
            "Set headers.referrer_policy, such as strict-origin-when-cross-origin.",
            HEADERS,
        ),
        referrer_told,
    ),
    Check(
        Rule(
            "SW827",
            Severity.NOTE,
            "Pages may ask for camera, microphone and place",
            "So may a script that somebody injects.",
            "Set headers.permissions_policy.",
            HEADERS,
        ),
        lacks("Permissions-Policy"),
    ),
    Check(
        Rule(
            "SW828",
            Severity.NOTE,
            "Windows of other sites keep a handle on this one",
            "They can lead it elsewhere, or learn from it.",
            "Set headers.cross_origin_opener_policy.",
            HEADERS,
        ),
        lacks("Cross-Origin-Opener-Policy"),
    ),
    Check(
        Rule(
            "SW829",
            Severity.NOTE,
            "Other sites may embed this site's answers",
            "What is embedded can be read by attacks on the processor, such as Spectre.",
            "Set headers.cross_origin_resource_policy.",
            HEADERS,
        ),
        lacks("Cross-Origin-Resource-Policy"),
    ),
    Check(
        Rule(
            "SW830",
            Severity.NOTE,
            "X-XSS-Protection is sent",
            "Browsers have removed what it turns on, since that could be misused.",
            "Do not send it; a Content-Security-Policy does what it was meant for.",
            "https://developer.mozilla.org/en-US/docs/Web/HTTP/Reference/Headers/X-XSS-Protection",
        ),
        filter_of_old,
    ),
    Check(
        Rule(
            "SW831",
            Severity.NOTE,
            "An answer tells the version of a program",
            "It saves an attacker the search for what it is vulnerable to.",
            "Leave server_tokens off in nginx, and do not set such headers in the app.",
            HEADERS,
        ),
        versions_told,
    ),
    Check(
        Rule(
            "SW832",
            Severity.WARNING,
            "A header comes twice",
            "Browsers take one of them, or neither.",
            'Set it either in the app or in [headers], where "" turns the proxy\'s off.',
            "RFC 9110, 5.3",
        ),
        said_twice,
    ),
    Check(
        Rule(
            "SW833",
            Severity.ERROR,
            "Any other site may read answers with the visitor's rights",
            "The site repeats whatever Origin asks, and allows credentials.",
            "Name the origins that may: CORS(app, origins=[...]).",
            "https://developer.mozilla.org/en-US/docs/Web/HTTP/Guides/CORS",
        ),
        any_origin,
    ),
)
