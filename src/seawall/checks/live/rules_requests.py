"""SW850 to SW862: what the site answers to questions that no honest visitor asks."""

from __future__ import annotations

import re
from collections.abc import Iterator

from seawall.checks.finding import Evidence, Exchange, Severity
from seawall.checks.live.seen import Answer, Outside, shortened
from seawall.checks.live.wire import DRIP
from seawall.checks.rule import Check, Rule

TESTING = "https://owasp.org/www-project-web-security-testing-guide/stable/"
TRACEBACK = re.compile(
    r"Traceback \(most recent call last\)|Werkzeug Debugger|werkzeug\.debug|"
    r"seeing this error because you have <code>DEBUG = True</code>|The debugger caught an exception"
)
INNER = re.compile(
    r"/(?:srv|home|opt|var/www|usr/lib/python[\d.]*|root)/[\w./-]+\.py\b|site-packages/|"
    r"\b(?:nginx|gunicorn|Werkzeug|Apache|uWSGI|Python|Flask|Django|waitress|granian|uvicorn)/\d[\d.]*"
)
LISTING = re.compile(r"<title>(?:Index of|Directory listing for) ", re.I)
#: A connection that drips its header is to be closed within so many seconds.
BEST_BEFORE = 15.0
#: Answers that refuse a request as such, whatever their reason.
REFUSED = range(400, 500)


def does_not_answer(seen: Outside) -> Iterator[Evidence]:
    if seen.pages and not (200 <= seen.pages[0].status < 500):
        yield seen.pages[0].evidence()


def pages_fail(seen: Outside) -> Iterator[Evidence]:
    for answer in (*seen.pages[1:], *seen.assets):
        if answer.status >= 500 or answer.status == 0:
            yield answer.evidence()


def links_lead_nowhere(seen: Outside) -> Iterator[Evidence]:
    for answer in (*seen.pages[1:], *seen.assets):
        if answer.status in {404, 410}:
            yield answer.evidence()


def files_served(seen: Outside) -> Iterator[Evidence]:
    missing = next(iter(seen.of("missing")), None)
    for answer in seen.of("files"):
        if answer.good and not _catch_all(answer, missing):
            yield answer.showing("Content-Type")


def folders_listed(seen: Outside) -> Iterator[Evidence]:
    for answer in seen.of("folders"):
        found = LISTING.search(answer.body)
        if answer.good and found:
            yield answer.evidence(found[0].removeprefix("<title>"))


def methods_taken(seen: Outside) -> Iterator[Evidence]:
    for answer in seen.of("methods"):
        method = answer.request.partition(" ")[0]
        if method in {"TRACE", "TRACK", "CONNECT"} and (answer.good or answer.status >= 500):
            page = seen.front.body if seen.front else ""
            if method != "TRACK" or answer.body != page:
                yield answer.evidence()
        allowed = re.findall(r"TRACE|TRACK|CONNECT", answer.header("Allow"))
        if allowed and answer.good:
            yield answer.showing("Allow")


def body_taken(seen: Outside) -> Iterator[Evidence]:
    for answer in seen.of("big body"):
        if answer.status not in REFUSED and not answer.error.startswith("the connection was closed"):
            yield answer.evidence(fact="a body of 1 TiB was announced")


def header_taken(seen: Outside) -> Iterator[Evidence]:
    for answer in seen.of("long header"):
        if answer.good or answer.redirects or answer.status >= 500:
            yield answer.evidence(fact="a header of 64 KB was sent")


def slowness_borne(seen: Outside) -> Iterator[Evidence]:
    if seen.slow and (not seen.slow.closed or seen.slow.seconds > BEST_BEFORE):
        answer = f"closed after {seen.slow.seconds:.0f} s" if seen.slow.closed else f"still open after {DRIP:g} s"
        yield Exchange(f"GET {seen.site.base}/ [one byte of a header each second]", answer)


def traceback_shown(seen: Outside) -> Iterator[Evidence]:
    yield from _telling(seen, TRACEBACK)


def inner_life_shown(seen: Outside) -> Iterator[Evidence]:
    yield from _telling(seen, INNER)


def debugger_there(seen: Outside) -> Iterator[Evidence]:
    for answer in seen.of("errors"):
        if answer.good and "__debugger__" in answer.request and answer.kind == "text/css":
            yield answer.showing("Content-Type")
        if answer.good and answer.request.endswith("/console") and "EVALEX" in answer.body:
            yield answer.evidence("EVALEX")


def status_pages(seen: Outside) -> Iterator[Evidence]:
    for answer in seen.of("errors"):
        if answer.good and re.search(r"Apache Server Status|Active connections: \d", answer.body):
            yield answer.evidence()


def _catch_all(answer: Answer, missing: Answer | None) -> bool:
    """Whether the site answers any path well, with a page of its own."""
    return missing is not None and missing.good and (answer.kind == "text/html" or answer.body == missing.body)


def _telling(seen: Outside, pattern: re.Pattern[str]) -> Iterator[Evidence]:
    told: set[str] = set()
    failed = (page for page in seen.pages if page.status >= 400)  # others may write about tracebacks
    provoked = (*seen.of("missing"), *seen.of("errors"), *seen.of("big body"), *seen.of("long header"))
    for answer in (*failed, *provoked):
        found = pattern.search(answer.body)
        if found and found[0] not in told:
            told.add(found[0])
            yield answer.evidence(shortened(re.sub(r"<[^>]*>", "", found[0])))


CHECKS: tuple[Check[Outside], ...] = (
    Check(
        Rule(
            "SW850",
            Severity.ERROR,
            "The site does not answer",
            "Nobody sees it; what else is said here is not complete.",
            "Look at `seawall status` and `seawall logs`.",
            "docs/guides/live-check.md",
        ),
        does_not_answer,
    ),
    Check(
        Rule(
            "SW851",
            Severity.ERROR,
            "A page fails",
            "Visitors who follow the site's own links see an error.",
            "Look at `seawall logs`.",
            "docs/guides/live-check.md",
        ),
        pages_fail,
    ),
    Check(
        Rule(
            "SW852",
            Severity.NOTE,
            "A link of the site leads nowhere",
            "Visitors who follow it see an error.",
            "Mend the link, or put the file where it points.",
            "docs/guides/live-check.md",
        ),
        links_lead_nowhere,
    ),
    Check(
        Rule(
            "SW853",
            Severity.ERROR,
            "A file is served that is none of the site's",
            "Source, settings and keys are read by anybody who guesses the name.",
            "Serve only folders made for it, end `location` and `alias` with a slash, and change what was readable.",
            "https://nginx.org/en/docs/http/ngx_http_core_module.html#alias",
        ),
        files_served,
    ),
    Check(
        Rule(
            "SW854",
            Severity.WARNING,
            "A folder is listed",
            "Files that no page names are found.",
            "Turn autoindex off.",
            "https://nginx.org/en/docs/http/ngx_http_autoindex_module.html",
        ),
        folders_listed,
    ),
    Check(
        Rule(
            "SW855",
            Severity.WARNING,
            "TRACE, TRACK or CONNECT is answered",
            "They repeat what the visitor sent, or make the host a relay.",
            "Refuse them in the proxy, as `seawall deploy` does.",
            "RFC 9110, 9.3.8",
        ),
        methods_taken,
    ),
    Check(
        Rule(
            "SW856",
            Severity.WARNING,
            "A body of any size is taken",
            "Anybody can fill the host's disk or memory.",
            "Set proxy.max_body, and MAX_CONTENT_LENGTH in the app.",
            "https://nginx.org/en/docs/http/ngx_http_core_module.html#client_max_body_size",
        ),
        body_taken,
    ),
    Check(
        Rule(
            "SW857",
            Severity.WARNING,
            "A header of any size is taken",
            "It costs the host memory, and makes some app servers fail.",
            "Keep nginx's large_client_header_buffers at its default, and put nothing in front that takes more.",
            "https://nginx.org/en/docs/http/ngx_http_core_module.html#large_client_header_buffers",
        ),
        header_taken,
    ),
    Check(
        Rule(
            "SW858",
            Severity.WARNING,
            "A slow client may hold its connection",
            "A few hundred of them, from one machine, and nobody else gets in.",
            "Set client_header_timeout 10s in nginx's http block; in a server block it does not hold.",
            "https://nginx.org/en/docs/http/ngx_http_core_module.html#client_header_timeout",
        ),
        slowness_borne,
    ),
    Check(
        Rule(
            "SW859",
            Severity.ERROR,
            "A page shows a traceback",
            "It tells of code, paths and values, and often of secrets.",
            "Turn debug off, and let error handlers answer with a plain page.",
            f"{TESTING}4-Web_Application_Security_Testing/08-Testing_for_Error_Handling/README",
        ),
        traceback_shown,
    ),
    Check(
        Rule(
            "SW860",
            Severity.WARNING,
            "A page tells of programs or paths",
            "It saves an attacker the search.",
            "Answer errors with a plain page; leave server_tokens off.",
            f"{TESTING}4-Web_Application_Security_Testing/08-Testing_for_Error_Handling/README",
        ),
        inner_life_shown,
    ),
    Check(
        Rule(
            "SW861",
            Severity.ERROR,
            "Werkzeug's debugger is open to the world",
            "Whoever guesses or reads its PIN runs any code on the host.",
            "Turn debug off, and serve the app by an application server.",
            "https://werkzeug.palletsprojects.com/en/stable/debug/",
        ),
        debugger_there,
    ),
    Check(
        Rule(
            "SW862",
            Severity.WARNING,
            "The proxy's status page is open to the world",
            "It shows other visitors' addresses and requests.",
            "Allow it from the host itself only, or turn it off.",
            "https://nginx.org/en/docs/http/ngx_http_stub_status_module.html",
        ),
        status_pages,
    ),
)
