"""The project's files that travel: listed, hashed, and nothing that must stay home among them.

What does not travel: version control, virtual environments, caches, `.env` files, seawall's own folder and files (no
app reads them, and another host or body limit is no new release), whatever `.gitignore` names, and what `[app] exclude`
adds. A pattern with `!` in `exclude` brings back what `.gitignore` names.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from seawall.agent.vocabulary import Entry
from seawall.config.folder import NAME, own_folder
from seawall.errors import ProjectError

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec

#: In .gitignore's own pattern language (gitignore(5)). Matched apart: no pattern of the project brings these back.
NEVER = [
    ".git",
    ".hg",
    ".svn",
    ".seawall/",
    ".env",
    ".env.*",
    ".flaskenv",
    "seawall.secrets",
    "/seawall.toml",
    "__pycache__/",
    "*.pyc",
    ".venv/",
    "node_modules/",
    ".mypy_cache/",
    ".ruff_cache/",
    ".pytest_cache/",
    ".tox/",
    ".nox/",
    ".DS_Store",
]
CACHE = "hashes.json"


@dataclass(frozen=True)
class Tree:
    """What travels, and sentences about what was left out that a person might miss."""

    root: Path
    entries: tuple[Entry, ...]
    notes: tuple[str, ...] = ()


def list_tree(directory: Path, root: str, exclude: tuple[str, ...]) -> Tree:
    """List and hash the files of ``directory/root``. Raises ProjectError for a link that leads out of it."""
    top = (directory / root).resolve()
    hashes = _Hashes(directory)
    walk = _Walk(top, _patterns(NEVER), _patterns([*_ignored(top), *exclude]))
    entries = tuple(sorted(walk.entries(hashes), key=lambda entry: entry.path))
    hashes.save()
    return Tree(top, entries, tuple(walk.notes))


def _patterns(lines: Iterable[str]) -> GitIgnoreSpec:
    from pathspec import GitIgnoreSpec

    return GitIgnoreSpec.from_lines(lines)


def _ignored(top: Path) -> list[str]:
    ignore = top / ".gitignore"
    return ignore.read_text(errors="replace").splitlines() if ignore.is_file() else []


@dataclass
class _Walk:
    top: Path
    never: GitIgnoreSpec
    unwanted: GitIgnoreSpec
    notes: list[str] = field(default_factory=list)

    def entries(self, hashes: _Hashes) -> Iterator[Entry]:
        for item in self._items(""):
            path = os.path.relpath(item.path, self.top)
            if item.is_symlink():
                yield self._link(path, item)
            elif item.is_file(follow_symlinks=False):
                status = item.stat(follow_symlinks=False)
                digest = hashes.of(item.path, status)
                yield Entry(path, digest, status.st_size, bool(status.st_mode & stat.S_IXUSR))
            else:
                self.notes.append(f"{path!r} is neither a file, a folder nor a link, and stays here")

    def _items(self, folder: str) -> Iterator[os.DirEntry[str]]:
        with os.scandir(os.path.join(self.top, folder)) as found:
            items = sorted(found, key=lambda item: item.name)
        for item in items:
            path = os.path.join(folder, item.name)
            is_folder = item.is_dir(follow_symlinks=False)
            named = path + "/" if is_folder else path
            if self.never.match_file(named) or self.unwanted.match_file(named):
                continue
            if not is_folder:
                yield item
            elif not os.path.exists(os.path.join(item.path, "pyvenv.cfg")):
                yield from self._items(path)

    def _link(self, path: str, item: os.DirEntry[str]) -> Entry:
        target = os.readlink(item.path)
        real = os.path.realpath(item.path)
        if os.path.commonpath([real, self.top]) != str(self.top):
            raise ProjectError(
                f"{path!r} is a link that leads out of the project, to {real}",
                place=path,
                state="nothing was sent",
                remedy="put the file itself there, or name the link in [app] exclude",
            )
        if not os.path.exists(real):
            raise ProjectError(
                f"{path!r} is a link to nothing ({target})",
                place=path,
                state="nothing was sent",
                remedy="mend or remove the link, or name it in [app] exclude",
            )
        return Entry(path, target=os.path.relpath(real, os.path.dirname(item.path)))


class _Hashes:
    """SHA-256 by path, remembered while size, times and inode stay the same (the rule of git's index)."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._known = _read_cache(directory / NAME / CACHE)
        self._used: dict[str, list[object]] = {}

    def of(self, path: str, status: os.stat_result) -> str:
        mark = [status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino]
        known = self._known.get(path)
        digest = str(known[4]) if isinstance(known, list) and known[:4] == mark else _hash(path)
        self._used[path] = [*mark, digest]
        return digest

    def save(self) -> None:
        """Best done always: a project on a read-only disk is only slower for it."""
        if self._used == self._known:
            return
        try:
            path = own_folder(self._directory) / CACHE
            fresh = path.with_suffix(f".{os.getpid()}")
            fresh.write_text(json.dumps(self._used))
            fresh.replace(path)
        except OSError:
            return


def _read_cache(path: Path) -> dict[str, list[object]]:
    try:
        known = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
    return known if isinstance(known, dict) else {}


def _hash(path: str) -> str:
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
