"""Paths that seawall wrote earlier and no longer wants."""

from __future__ import annotations

from seawall.agent import files
from seawall.agent.files import FILE, LINK, Found
from seawall.agent.owned import Owned
from seawall.agent.resources import texts
from seawall.agent.resources.work import Work
from seawall.agent.vocabulary import Change


def observe(resource: Owned) -> Found:
    """What lies at the path. Raises ApplyFailed if a foreign link leads there."""
    files.refuse_foreign_links(resource.path)
    return files.look(resource.path)


def diff(resource: Owned, found: Found) -> Change | None:
    """The deletion, or None where it is gone, or has become something seawall never makes."""
    if found.kind not in (FILE, LINK):
        return None
    if found.kind == LINK:
        text = f"link → {found.target}"
    elif resource.secret:
        text = texts.hidden(found.content, None)
    else:
        text = texts.content_diff(resource.path, found.content, None)
    return Change(found.kind, resource.path, "delete", text, texts.digest_of(found, resource.secret))


def apply(resource: Owned, _found: Found, work: Work) -> None:
    """Delete it. Raises OSError."""
    work.undo.remove(resource.path)
