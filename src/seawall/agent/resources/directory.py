"""Folders: that they are there, and whose they are. What they hold is left alone."""

from __future__ import annotations

import os
from pathlib import Path

from seawall.agent import files
from seawall.agent.files import ABSENT, DIRECTORY, LINK, Found
from seawall.agent.resources import texts
from seawall.agent.resources.work import Work
from seawall.agent.vocabulary import Change, Directory


def observe(resource: Directory) -> Found:
    """What lies at the path; an administrator's link to a folder counts as that folder.

    Raises ApplyFailed if something else is there, or a link that root and we did not make.
    """
    files.refuse_foreign_links(resource.path)
    files.refuse_foreign_link(resource.path)
    found = files.look(resource.path)
    if found.kind == LINK and Path(resource.path).is_dir():
        found = files.look(os.path.realpath(resource.path))
    if found.kind not in (DIRECTORY, ABSENT):
        raise texts.refuse_kind(resource.path, found, "folder")
    return found


def diff(resource: Directory, found: Found) -> Change | None:
    """What must change, or None."""
    lines = texts.rights(found, resource.mode, resource.owner, resource.group)
    if found.kind == DIRECTORY and not lines:
        return None
    action = "create" if found.kind == ABSENT else "update"
    before = texts.digest(found.kind, f"{found.mode:o}", found.uid, found.gid)
    return Change("directory", resource.path, action, "\n".join(lines), before)


def apply(resource: Directory, _found: Found, work: Work) -> None:
    """Make the folder, or correct its mode and owner. Raises ApplyFailed, DiskFull or OSError."""
    work.undo.make_directory(resource.path, resource.mode, *texts.ids(resource.owner, resource.group))
