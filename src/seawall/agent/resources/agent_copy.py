"""The copy of the agent that the host's timers run. It is compared with the agent that is asking, byte for byte."""

from __future__ import annotations

from seawall.agent import files, packing
from seawall.agent.files import ABSENT, FILE, Found
from seawall.agent.resources import texts
from seawall.agent.resources.work import Work
from seawall.agent.vocabulary import AgentCopy, Change

#: What Python runs of an archive: zipapp, "The Python Zip Application Archive Format".
BEGINNING = b"import sys\n\nfrom seawall.agent.main import start\n\nstart(sys.argv[1:])\n"
MODE = 0o644


def content() -> bytes:
    """What the file should hold."""
    return packing.archive({**packing.sources(), "__main__.py": BEGINNING})


def observe(resource: AgentCopy) -> Found:
    """What lies at the path. Raises ApplyFailed if it is something else than a file."""
    files.refuse_foreign_links(resource.path)
    found = files.look(resource.path)
    if found.kind not in (FILE, ABSENT):
        raise texts.refuse_kind(resource.path, found, "file")
    return found


def diff(resource: AgentCopy, found: Found) -> Change | None:
    """What must change, or None."""
    lines = texts.rights(found, MODE, "", "")
    if found.kind == FILE and not lines and found.content == content():
        return None
    lines.append("the program that the host's own timers run, of this version of seawall")
    action = "create" if found.kind == ABSENT else "update"
    return Change("agent-copy", resource.path, action, "\n".join(lines), texts.digest_of(found, secret=False))


def apply(resource: AgentCopy, _found: Found, work: Work) -> None:
    """Write the file. Raises ApplyFailed, DiskFull or OSError."""
    work.undo.write_file(resource.path, content(), MODE, *texts.ids("", ""))
