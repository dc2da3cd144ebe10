"""The object store: every file content the host has seen and still needs, by its SHA-256.

Releases are hard links into it, so a file that did not change costs a directory entry, and a 2 GB model is sent once.
An object's mode is part of its name (``HASH`` or ``HASH.x``) since a hard link shares it. ``HASH.gz`` is one in its
compressed form (``compressed.py``).

A release's file *is* the object, so whoever edits it in place edits the object, and every later release would have the
edit. So a content that was checked carries a mark, in the part of its time of change below a second, that any writing
to it wipes out; one without its mark is checked again before it is used.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterable
from pathlib import Path

from seawall.agent.errors import BadRequest
from seawall.agent.files import disk_full, sync_filesystem
from seawall.agent.vocabulary import Entry

PART = ".part"
#: A second in the unit of a file's times, nanoseconds.
SECOND = 10**9


def key(entry: Entry) -> str:
    return f"{entry.sha256}.x" if entry.executable else entry.sha256


class Store:
    def __init__(self, root: Path) -> None:
        self.root = root

    def path(self, entry: Entry) -> Path:
        return self.root / key(entry)

    def missing(self, entries: Iterable[Entry]) -> dict[str, int]:
        """Keys of the contents that are not here, or spoiled, with the number of bytes of each that already arrived."""
        present, root = self._names(), str(self.root)
        wanted = {key(entry): entry for entry in entries if entry.sha256}
        lacking = [
            name for name, entry in wanted.items() if name not in present or not is_sound(f"{root}/{name}", entry)
        ]
        return {name: self._arrived(name, present) for name in sorted(lacking)}

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
        if hash_file(part) != name.partition(".")[0]:
            part.unlink()
            return False
        part.chmod(0o755 if name.endswith(".x") else 0o644)
        mark(part, name)
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


def is_sound(path: str, entry: Entry) -> bool:
    """Whether the file at ``path`` is what the entry says; it is read only if it may have been written to since it was
    checked. Raises OSError if it cannot be looked at."""
    status = os.lstat(path)
    if not stat.S_ISREG(status.st_mode) or (entry.size and status.st_size != entry.size):
        return False
    if is_marked(status, entry.sha256):
        return True
    if hash_file(Path(path)) != entry.sha256:
        return False
    mark(Path(path), entry.sha256)
    return True


def is_marked(status: os.stat_result, name: str) -> bool:
    """Whether a file has the mark of its name, so that nobody has written to it since."""
    return status.st_mtime_ns % SECOND == _mark_of(name)


def _mark_of(name: str) -> int:
    return int(name[:8], 16) % SECOND


def mark(path: Path, name: str) -> None:
    """Note on a file that its content is the one of its name. Where the file system keeps whole seconds only, nothing
    is noted, and it is read each time."""
    status = path.stat()
    seconds = status.st_mtime_ns // SECOND
    os.utime(path, ns=(status.st_atime_ns, seconds * SECOND + _mark_of(name)))


def hash_file(path: Path) -> str:
    """The SHA-256 of a file's content, as hexadecimal digits."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
