"""sshd's groups for Diffie-Hellman: short ones are taken out."""

from __future__ import annotations

from seawall.agent import files
from seawall.agent.files import ABSENT, FILE, Found
from seawall.agent.host_vocabulary import Moduli
from seawall.agent.resources import texts
from seawall.agent.resources.work import Work
from seawall.agent.vocabulary import Change


def observe(resource: Moduli) -> Found:
    """What lies at the path. Raises ApplyFailed if it is neither a file nor nothing."""
    files.refuse_foreign_links(resource.path)
    found = files.look(resource.path)
    if found.kind not in (FILE, ABSENT):
        raise texts.refuse_kind(resource.path, found, "file")
    return found


def _long(resource: Moduli, text: bytes) -> list[bytes]:
    """The lines to keep. The fifth field is the size in bits less one (moduli(5)); without groups sshd uses its own."""
    kept = []
    for line in text.splitlines(keepends=True):
        fields = line.split()
        short = len(fields) == 7 and fields[4].isdigit() and int(fields[4]) < resource.bits - 1
        kept += [] if short and not line.startswith(b"#") else [line]
    return kept


def diff(resource: Moduli, found: Found) -> Change | None:
    """What must change, or None; the numbers themselves are of no use to a reader."""
    short = len(found.content.splitlines()) - len(_long(resource, found.content))
    if not short:
        return None
    text = f"{short} groups of fewer than {resource.bits} bits are taken out"
    return Change("file", resource.path, "update", text, texts.digest_of(found, False))


def apply(resource: Moduli, found: Found, work: Work) -> None:
    """Write the file without them. Raises DiskFull or OSError."""
    content = b"".join(_long(resource, found.content))
    work.undo.write_file(resource.path, content, found.mode, found.uid, found.gid)
