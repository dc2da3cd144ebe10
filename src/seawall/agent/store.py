"""The object store: every file content the host has seen and still needs, by its SHA-256.

Releases are hard links into it, so a file that did not change costs a directory entry, and a 2 GB model is sent once.
An object's mode is part of its name (``HASH`` or ``HASH.x``) since a hard link shares it.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from pathlib import Path

from seawall.agent.errors import BadRequest
from seawall.agent.files import disk_full, sync_filesystem
from seawall.agent.vocabulary import Entry

PART = ".part"


def key(entry: Entry) -> str:
    return f"{entry.sha256}.x" if entry.executable else entry.sha256


class Store:
    def __init__(self, root: Path) -> None:
        self.root = root

    def path(self, entry: Entry) -> Path:
        return self.root / key(entry)

    def missing(self, entries: Iterable[Entry]) -> dict[str, int]:
        """Keys of the contents that are not here, with the number of bytes of each that already arrived."""
        present = self._names()
        wanted = {key(entry) for entry in entries if entry.sha256}
        return {name: self._arrived(name, present) for name in sorted(wanted - present)}

    def receive(self, name: str, offset: int, data: bytes) -> None:
        """Write one piece of an object at ``offset``. Raises DiskFull; what arrived before stays for a resume."""
        _check_name(name)
        part = self.root / (name + PART)
        with disk_full(str(part)):
            fd = os.open(part, os.O_WRONLY | os.O_CREAT, 0o600)
            try:
                os.ftruncate(fd, offset)
                os.lseek(fd, offset, os.SEEK_SET)
                view = memoryview(data)
                while view:
                    view = view[os.write(fd, view) :]
            finally:
                os.close(fd)

    def whole(self, name: str) -> bool:
        """Check what arrived of an object against its name. It is removed if it differs."""
        _check_name(name)
        part = self.root / (name + PART)
        if _hash(part) != name.partition(".")[0]:
            part.unlink()
            return False
        part.chmod(0o755 if name.endswith(".x") else 0o644)
        return True

    def keep(self, names: Iterable[str]) -> None:
        """Give objects that are whole their names, once the disk has them: a name stands for its content, also after
        a power cut. Raises DiskFull."""
        sync_filesystem(str(self.root))
        for name in names:
            (self.root / (name + PART)).rename(self.root / name)

    def prune(self) -> int:
        """Remove contents that no release links to any more, and what is left of broken uploads. Returns how many."""
        removed = 0
        with os.scandir(self.root) as found:
            for item in found:
                if item.stat(follow_symlinks=False).st_nlink == 1:
                    Path(item.path).unlink()
                    removed += 1
        return removed

    def _names(self) -> set[str]:
        try:
            return set(os.listdir(self.root))
        except FileNotFoundError:
            return set()

    def _arrived(self, name: str, present: set[str]) -> int:
        return (self.root / (name + PART)).stat().st_size if name + PART in present else 0


def _check_name(name: str) -> None:
    digest, _, suffix = name.partition(".")
    if len(digest) != 64 or not set(digest) <= set("0123456789abcdef") or suffix not in ("", "x"):
        raise BadRequest(f"{name!r} is not an object's name")


def _hash(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
