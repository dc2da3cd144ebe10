"""Going through a site's pages: a few, quickly, and only by GET."""

from __future__ import annotations

import re
import time
from collections.abc import Callable

from seawall.checks.live import urls
from seawall.checks.live.pages import Page, read_page
from seawall.checks.live.seen import Answer, Request, Site

MOST_PAGES = 20
#: Seconds for all pages.
TIME = 10.0
MOST_ASSETS = 12
MOST_REDIRECTS = 5
#: Links that do something when they are followed, on sites that let GET do that.
DOING = re.compile(
    r"log-?out|sign-?out|log-?off|delet|remov|destroy|unsubscribe|cancel|reset|revoke|disable|drop|vote|like\b|buy",
    re.I,
)

Ask = Callable[[Request], Answer]


def pages(site: Site, ask: Ask, first: str = "/") -> list[Answer]:
    """The pages that links lead to from the first one, nearest first; redirects within the site are followed."""
    waiting, seen, found = [first], {_path(first)}, list[Answer]()
    deadline = time.monotonic() + TIME
    while waiting and len(found) < MOST_PAGES and time.monotonic() < deadline:
        answer = _followed(site, ask, waiting.pop(0))
        if any(answer.url == other.url for other in found):
            continue  # a redirect led to where we were
        found.append(answer)
        if not _is_page(answer):
            continue
        for link in read_page(answer.url, answer.body).links:
            target = inside(site, link)
            if target and _path(target) not in seen and not DOING.search(target):
                seen.add(_path(target))
                waiting.append(target)
    return found


def assets(site: Site, ask: Ask, answers: list[Answer]) -> list[Answer]:
    """The site's own scripts, styles and images that its pages name."""
    wanted = dict.fromkeys(target for page in read(answers) for url in page.assets if (target := inside(site, url)))
    return [ask(Request(target)) for target in list(wanted)[:MOST_ASSETS]]


def read(answers: list[Answer] | tuple[Answer, ...]) -> list[Page]:
    """Those answers that are pages, read."""
    return [read_page(answer.url, answer.body) for answer in answers if _is_page(answer)]


def inside(site: Site, url: str) -> str:
    """The target of a request for a URL of the site; "" if it is another's."""
    parts = urls.split(url)
    if f"{parts.scheme}://{parts.netloc}" != site.base:
        return ""
    return urls.target(parts)


def _is_page(answer: Answer) -> bool:
    return answer.good and answer.kind in {"text/html", "application/xhtml+xml"}


def _followed(site: Site, ask: Ask, target: str) -> Answer:
    answer = ask(Request(target))
    for _ in range(MOST_REDIRECTS):
        onward = inside(site, urls.joined(answer.url, answer.header("Location"))) if answer.redirects else ""
        if not onward or DOING.search(onward):
            break
        answer = ask(Request(onward))
    return answer


def _path(target: str) -> str:
    """One page of a path is enough: lists of thousands of queries are the same page."""
    return target.partition("?")[0].partition("#")[0]
