"""The project's files that travel: listed, hashed, and nothing that must stay home among them.

What does not travel: version control, virtual environments, caches, `.env` files, seawall's own folder and files (no
app reads them, and another host or body limit is no new release), whatever a `.gitignore` names, and what `[app]
exclude` adds. A pattern with `!` in `exclude` brings back what a `.gitignore` names.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
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
    walk = _Walk(top, _patterns(NEVER), exclude)
    entries = tuple(sorted(walk.entries(hashes), key=lambda entry: entry.path))
    hashes.save()
    return Tree(top, entries, (*walk.notes, *_links_without_target(entries)))


def _patterns(lines: Iterable[str]) -> GitIgnoreSpec:
    from pathspec import GitIgnoreSpec

    return GitIgnoreSpec.from_lines(lines)


def _ignored(top: Path, folder: str) -> list[str]:
    """The patterns of the `.gitignore` in ``folder``, as they would stand in the one of ``top`` (gitignore(5))."""
    ignore = top / folder / ".gitignore"
    lines = ignore.read_text(errors="replace").splitlines() if ignore.is_file() else []
    return [_moved_up(line, folder) for line in lines if line.strip() and not line.startswith("#")] if folder else lines


def _moved_up(pattern: str, folder: str) -> str:
    """A pattern with a slash before its end is bound to its folder; any other holds at every depth below it."""
    sign, body = ("!", pattern[1:]) if pattern.startswith("!") else ("", pattern)
    place = re.sub(r"([*?\[\]\\])", r"\\\1", folder)
    between = "/" if "/" in body.rstrip("/ ") else "/**/"
    return f"{sign}/{place}{between}{body.lstrip('/')}"


def _links_without_target(entries: tuple[Entry, ...]) -> list[str]:
    """Sentences on links to what stays home: they lead nowhere on the host."""
    paths = {entry.path for entry in entries}
    there = {str(place) for path in paths for place in (path, *PurePosixPath(path).parents)}
    links = [(e.path, os.path.normpath(os.path.join(os.path.dirname(e.path), e.target))) for e in entries if e.target]
    return [f"{path!r} is a link to {target!r}, which stays here" for path, target in links if target not in there]


@dataclass
class _Walk:
    top: Path
    never: GitIgnoreSpec
    exclude: tuple[str, ...]
    notes: list[str] = field(default_factory=list)
    specs: dict[tuple[str, ...], GitIgnoreSpec] = field(default_factory=dict)

    def entries(self, hashes: _Hashes) -> Iterator[Entry]:
        for item in self._items("", ()):
            path = os.path.relpath(item.path, self.top)
            if item.is_symlink():
                yield self._link(path, item)
            elif item.is_file(follow_symlinks=False):
                status = item.stat(follow_symlinks=False)
                digest = hashes.of(item.path, status)
                yield Entry(path, digest, status.st_size, bool(status.st_mode & stat.S_IXUSR))
            else:
                self.notes.append(f"{path!r} is neither a file, a folder nor a link, and stays here")

    def _items(self, folder: str, ignored: tuple[str, ...]) -> Iterator[os.DirEntry[str]]:
        ignored = (*ignored, *_ignored(self.top, folder))
        unwanted = self._spec(ignored)
        with os.scandir(os.path.join(self.top, folder)) as found:
            items = sorted(found, key=lambda item: item.name)
        for item in items:
            path = os.path.join(folder, item.name)
            is_folder = item.is_dir(follow_symlinks=False)
            named = path + "/" if is_folder else path
            if self.never.match_file(named) or unwanted.match_file(named):
                continue
            if not is_folder:
                yield item
            elif not os.path.exists(os.path.join(item.path, "pyvenv.cfg")):
                yield from self._items(path, ignored)

    def _spec(self, ignored: tuple[str, ...]) -> GitIgnoreSpec:
        if ignored not in self.specs:
            self.specs[ignored] = _patterns([*ignored, *self.exclude])
        return self.specs[ignored]

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
