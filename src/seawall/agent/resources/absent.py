"""Symbolic links that must not be there."""

from __future__ import annotations

from seawall.agent import files
from seawall.agent.files import LINK, Found
from seawall.agent.resources import texts
from seawall.agent.resources.work import Work
from seawall.agent.vocabulary import Absent, Change


def observe(resource: Absent) -> Found:
    """What lies at the path. Raises ApplyFailed if a foreign link leads there."""
    files.refuse_foreign_links(resource.path)
    return files.look(resource.path)


def diff(resource: Absent, found: Found) -> Change | None:
    """The deletion, or None where the link is not there, or something else is."""
    if found.kind != LINK or found.target != resource.target:
        return None
    return Change(LINK, resource.path, "delete", f"link → {found.target}", texts.digest_of(found, False))


def apply(resource: Absent, _found: Found, work: Work) -> None:
    """Remove the link. Raises OSError."""
    work.undo.remove(resource.path)
