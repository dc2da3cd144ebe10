"""What a folder held when it was made: the SHA-256 of each file, to compare with later."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from seawall.agent.files import write_atomic
from seawall.agent.store import hash_file

Digests = Mapping[str, str]


def anything(_: str) -> bool:
    return True


def is_bytecode(path: str) -> bool:
    """Whether a path is that of compiled Python (PEP 3147)."""
    return path.endswith(".pyc") and "__pycache__" in path.split("/")


def digests(root: Path, wanted: Callable[[str], bool] = anything) -> dict[str, str]:
    """By path relative to ``root``: a file's SHA-256, what a link leads to after ``-> ``, and "" for a pipe
    or a device, whose reading might not end."""
    found: dict[str, str] = {}
    for path in paths(root):
        if wanted(path):
            found[path] = _digest(root / path)
    return found


def paths(root: Path, *, folders: bool = False) -> Iterator[str]:
    """All files and links below a folder, relative to it; with ``folders`` those too."""
    for folder, below, names in os.walk(root):
        links = [name for name in below if folders or Path(folder, name).is_symlink()]
        for name in [*names, *links]:
            yield Path(folder, name).relative_to(root).as_posix()


def _digest(place: Path) -> str:
    kind = place.lstat().st_mode
    if stat.S_ISLNK(kind):
        return f"-> {os.readlink(place)}"
    return hash_file(place) if stat.S_ISREG(kind) else ""


def write(record: Path, found: Digests) -> None:
    """Keep digests in a file. Raises DiskFull."""
    write_atomic(str(record), json.dumps({"files": found}, indent=0, sort_keys=True).encode(), 0o600)


def read(record: Path) -> Digests | None:
    """The digests in a file; None where nothing was recorded, or what is there is no record."""
    try:
        found = json.loads(record.read_bytes())["files"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return found if isinstance(found, dict) and all(isinstance(digest, str) for digest in found.values()) else None
