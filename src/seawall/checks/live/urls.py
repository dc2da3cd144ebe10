"""Addresses as pages and headers have them: any text at all."""

from __future__ import annotations

from urllib.parse import SplitResult, quote, urljoin, urlsplit

#: Characters that stay as they are in a request's target; % too, for it may begin an escape (RFC 3986, 2.2 to 3.4).
PLAIN = "/?:@!$&'()*+,;=%~-._"


def split(url: str) -> SplitResult:
    """The parts of a URL; none at all for what is no URL."""
    try:
        return urlsplit(url)
    except ValueError:
        return SplitResult("", "", "", "", "")


def joined(base: str, url: str) -> str:
    """Where a link leads; "" for what is no URL."""
    try:
        return urljoin(base, url.strip())
    except ValueError:
        return ""


def target(parts: SplitResult) -> str:
    """What a browser asks for: path and query, with what may not stand there escaped."""
    return quote((parts.path or "/") + (f"?{parts.query}" if parts.query else ""), safe=PLAIN)
