"""Symbolic links."""

from __future__ import annotations

from seawall.agent import files
from seawall.agent.files import ABSENT, FILE, LINK, Found
from seawall.agent.resources import texts
from seawall.agent.resources.work import Work
from seawall.agent.vocabulary import Change, Link


def observe(resource: Link) -> Found:
    """What lies at the path. Raises ApplyFailed if it is neither a link nor a file nor nothing."""
    files.refuse_foreign_links(resource.path)
    found = files.look(resource.path)
    if found.kind not in (FILE, LINK, ABSENT):
        raise texts.refuse_kind(resource.path, found, "link")
    return found


def diff(resource: Link, found: Found) -> Change | None:
    """What must change, or None."""
    if found.kind == LINK and found.target == resource.target:
        return None
    if found.kind == FILE:
        lines = [f"the file becomes a link → {resource.target}", texts.content_diff(resource.path, found.content, None)]
    elif found.kind == LINK:
        lines = [f"link {found.target} → {resource.target}"]
    else:
        lines = [f"link → {resource.target}"]
    action = "create" if found.kind == ABSENT else "update"
    return Change("link", resource.path, action, "\n".join(filter(None, lines)), texts.digest_of(found, False))


def apply(resource: Link, _found: Found, work: Work) -> None:
    """Make the link. Raises DiskFull or OSError."""
    work.undo.make_link(resource.path, resource.target)
