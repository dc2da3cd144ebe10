"""Paths that seawall wrote earlier and no longer wants."""

from __future__ import annotations

from pathlib import PurePath

from seawall.agent import files, process
from seawall.agent.files import FILE, LINK, Found
from seawall.agent.owned import Owned
from seawall.agent.resources import texts
from seawall.agent.resources.work import Work
from seawall.agent.vocabulary import Change

#: Where units lie that are no package's (systemd.unit(5)).
UNITS = "/etc/systemd/system"


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
    """Delete it. Raises OSError, CommandFailed.

    A timer whose file is gone would go on as systemd has read it: it is ended first. If its file is put back later, the
    next deployment starts it again.
    """
    path = PurePath(resource.path)
    if str(path.parent) == UNITS and path.suffix == ".timer":
        process.run(["systemctl", "disable", "--now", path.name], timeout=60)
    work.undo.remove(resource.path)
