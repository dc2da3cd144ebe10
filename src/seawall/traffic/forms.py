"""A form filled in once, to be sent many times."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Mapping
from html.parser import HTMLParser
from urllib.parse import urlencode, urljoin, urlsplit

from seawall.errors import SeawallError
from seawall.traffic.load import run_traffic
from seawall.traffic.plan import Request, TrafficPlan
from seawall.traffic.wire import Answer


def form_request(plan: TrafficPlan, page: str, fields: Mapping[str, str]) -> Request:
    """Get ``page`` (a path) from the plan's site and make the POST that its first form would send.

    Cookies and hidden fields (a CSRF token) come from the page, and a ``Referer`` is set, which Flask-WTF
    wants over HTTPS. Raises SeawallError if the page does not answer 200 or has no form.
    """
    seen: list[Answer] = []
    only = dataclasses.replace(plan, rate=1, seconds=0.5, keepalive=0, requests=(Request(path=page),), mark="")

    def look(answer: Answer) -> None:
        seen.append(answer)

    async def get() -> None:
        await run_traffic(only, asyncio.Event(), note=look)

    asyncio.run(get())
    if not seen or seen[0].status != 200:
        what = f"answered {seen[0].status}" if seen else "did not answer"
        raise SeawallError(f"the page with the form {what}", place=urljoin(plan.url, page))
    form = _FirstForm()
    form.feed(seen[0].body.decode(errors="replace"))
    if form.action is None:
        raise SeawallError("there is no form on the page", place=urljoin(plan.url, page))
    action = urlsplit(urljoin(urljoin(plan.url, page), form.action))
    cookies = "; ".join(cookie.split(";")[0] for cookie in seen[0].headers("set-cookie"))
    return Request(
        method="POST",
        path=(action.path or "/") + (f"?{action.query}" if action.query else ""),
        headers=(
            ("Content-Type", "application/x-www-form-urlencoded"),
            ("Referer", urljoin(plan.url, page)),
            *((("Cookie", cookies),) if cookies else ()),
        ),
        body=urlencode({**form.hidden, **fields}),
    )


class _FirstForm(HTMLParser):
    """The action and the hidden fields of the first form of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.action: str | None = None
        self.hidden: dict[str, str] = {}
        self._ended = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if tag == "form" and self.action is None:
            self.action = values.get("action") or ""
        inside = self.action is not None and not self._ended
        if inside and tag == "input" and values.get("type") == "hidden":
            self.hidden[values.get("name") or ""] = values.get("value") or ""

    def handle_endtag(self, tag: str) -> None:
        self._ended = self._ended or (tag == "form" and self.action is not None)
