"""The response cache: which requests are answered from it, and where its pages lie."""

from __future__ import annotations

import re
from dataclasses import dataclass

from seawall.agent.vocabulary import Directory, Layout
from seawall.config.model import Project


@dataclass(frozen=True)
class ResponseCache:
    """``folder`` holds at most ``size`` of pages. ``harmless`` is a regular expression for Cookie headers that may
    come with a request whose page is kept, or that is answered from what is kept; "" for none."""

    folder: str
    size: str
    harmless: str


def of_site(project: Project, layout: Layout) -> ResponseCache | None:
    """The cache of a project; None where no page is kept."""
    cache = project.proxy.cache
    if not cache.paths:
        return None
    names = "|".join(re.escape(name) for name in cache.ignored_cookies)
    return ResponseCache(f"{layout.base}/cache", cache.size, rf"^(({names})=[^;]*(;\s*|$))*$" if names else "")


def directories(project: Project, layout: Layout) -> tuple[Directory, ...]:
    """What must be there before the front server makes folders of its own in it."""
    cache = of_site(project, layout)
    return (Directory(cache.folder, 0o755),) if cache else ()
