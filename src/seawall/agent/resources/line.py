"""Single lines in files that belong to the distribution or the administrator: the rest of the file stays."""

from __future__ import annotations

import re

from seawall.agent import files
from seawall.agent.files import ABSENT, FILE, Found
from seawall.agent.resources import texts
from seawall.agent.resources.work import Work
from seawall.agent.vocabulary import Change, Line


def observe(resource: Line) -> Found:
    """What lies at the path. Raises ApplyFailed if it is neither a file nor nothing."""
    files.refuse_foreign_links(resource.path)
    found = files.look(resource.path)
    if found.kind not in (FILE, ABSENT):
        raise texts.refuse_kind(resource.path, found, "file")
    return found


def wanted(resource: Line, text: str) -> str:
    """The file's text with the line in it."""
    lines = text.splitlines()
    others = re.compile(resource.replaces) if resource.replaces else None
    matching = [number for number, line in enumerate(lines) if line == resource.line or (others and others.match(line))]
    if matching:
        lines[matching[0]] = resource.line
        lines = [line for number, line in enumerate(lines) if number not in matching[1:]]
    elif resource.needs != "line":
        lines.insert(0 if resource.first else len(lines), resource.line)
    return "".join(f"{line}\n" for line in lines)


def diff(resource: Line, found: Found) -> Change | None:
    """What must change, or None."""
    if found.kind == ABSENT and resource.needs:
        return None
    before = found.content if found.kind == FILE else None
    after = _after(resource, found)
    if before is not None and before.rstrip(b"\n") == after.rstrip(b"\n"):
        return None
    action = "create" if found.kind == ABSENT else "update"
    shown = texts.content_diff(resource.path, before, after)
    return Change("line", resource.path, action, shown, texts.digest_of(found, False))


def _after(resource: Line, found: Found) -> bytes:
    text = found.content.decode("utf-8", "surrogateescape")
    return wanted(resource, text).encode("utf-8", "surrogateescape")


def apply(resource: Line, _found: Found, work: Work) -> None:
    """Write the file as it is by now, its owner and mode as they were: another line of it may have been written since.

    Raises DiskFull or OSError.
    """
    found = observe(resource)
    mode, ids = (found.mode, (found.uid, found.gid)) if found.kind == FILE else (0o644, texts.ids("", ""))
    work.undo.write_file(resource.path, _after(resource, found), mode, *ids)
