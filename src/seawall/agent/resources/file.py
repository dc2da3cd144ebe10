"""Whole files."""

from __future__ import annotations

from seawall.agent import files
from seawall.agent.files import ABSENT, FILE, LINK, Found
from seawall.agent.resources import texts
from seawall.agent.resources.work import Work
from seawall.agent.vocabulary import Change, File


def observe(resource: File) -> Found:
    """What lies at the path. Raises ApplyFailed if it is neither a file nor a link nor nothing."""
    files.refuse_foreign_links(resource.path)
    found = files.look(resource.path)
    if found.kind not in (FILE, LINK, ABSENT):
        raise texts.refuse_kind(resource.path, found, "file")
    return found


def content(resource: File) -> bytes:
    """The bytes the file should hold."""
    return resource.content.encode("utf-8", "surrogateescape")


def diff(resource: File, found: Found) -> Change | None:
    """What must change, or None; a secret's content is never shown."""
    lines = texts.rights(found, resource.mode, resource.owner, resource.group)
    if found.kind == FILE and found.content == content(resource) and not lines:
        return None
    if found.kind == LINK:
        lines.append(f"the link to {found.target} becomes a file")
    before = found.content if found.kind == FILE else None
    after = content(resource)
    text = texts.hidden(before, after) if resource.secret else texts.content_diff(resource.path, before, after)
    return Change(
        "file",
        resource.path,
        "create" if found.kind == ABSENT else "update",
        "\n".join([*lines, text] if text else lines),
        texts.digest_of(found, resource.secret),
    )


def apply(resource: File, _found: Found, work: Work) -> None:
    """Write the file. Raises ApplyFailed, DiskFull or OSError."""
    work.undo.write_file(resource.path, content(resource), resource.mode, *texts.ids(resource.owner, resource.group))
