"""The files of a project: listed without following links out of it, read without surprises."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

SKIPPED = frozenset({"node_modules", "bower_components", "__pycache__", "site-packages", "htmlcov", "venv", "env"})
MOST_FILES = 20_000
MOST_BYTES = 2_000_000


@dataclass(frozen=True)
class Tree:
    """A project's folder, and the files in it worth reading, as sorted relative paths."""

    root: Path
    files: tuple[PurePosixPath, ...]
    remarks: tuple[str, ...]

    def has(self, path: str | PurePosixPath) -> bool:
        """Whether the file is part of the project."""
        return PurePosixPath(path) in self.files

    def has_folder(self, path: str | PurePosixPath) -> bool:
        """Whether the folder is part of the project: it exists and lies inside it."""
        folder = self.root / path
        return folder.is_dir() and _inside(folder, self.root)

    def read(self, path: str | PurePosixPath) -> bytes:
        """The file's content; nothing if it cannot be read or is larger than any source is."""
        file = self.root / path
        try:
            return file.read_bytes() if file.stat().st_size <= MOST_BYTES else b""
        except OSError:
            return b""

    def text(self, path: str | PurePosixPath) -> str:
        """The file's text: UTF-8, or UTF-16 where it begins with that mark, else byte by byte."""
        data = self.read(path)
        if data.startswith((b"\xff\xfe", b"\xfe\xff")):
            return data.decode("utf-16", errors="replace")
        try:
            return data.decode("utf-8-sig")
        except UnicodeDecodeError:
            return data.decode("latin-1")

    def toml(self, path: str) -> dict[str, Any] | None:
        """A TOML file; an empty table if it is absent, None if it is not valid TOML."""
        try:
            return tomllib.loads(self.text(path)) if self.has(path) else {}
        except tomllib.TOMLDecodeError:
            return None

    def line_of(self, path: str | PurePosixPath, wanted: str) -> int:
        """The first line that holds `wanted`, counted from 1; 1 if none does."""
        for number, line in enumerate(self.text(path).splitlines(), start=1):
            if wanted in line:
                return number
        return 1


def read_tree(root: Path) -> Tree:
    """List a project. Virtual environments, node_modules, hidden folders and links that lead
    outside are left out; a linked folder is not entered, so a loop of links is no trouble."""
    remarks: list[str] = []
    files: list[PurePosixPath] = []
    for path in _walk(root.resolve(), root.resolve(), remarks):
        if len(files) == MOST_FILES:
            remarks.append(f"Only the first {MOST_FILES} files of the project were looked at.")
            break
        files.append(path)
    return Tree(root.resolve(), tuple(sorted(files)), tuple(remarks))


def printable(path: str | PurePosixPath) -> str:
    """A path as it can be printed: line breaks and bytes that are not text become escapes."""
    text = str(path).encode("utf-8", "backslashreplace").decode("utf-8")
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)


def _walk(folder: Path, root: Path, remarks: list[str]) -> Iterator[PurePosixPath]:
    """The files of a folder before those of its folders, so that a limit keeps the upper ones."""
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as error:
        remarks.append(f"{printable(_relative(folder, root))}: not readable ({error.strerror}).")
        return
    for entry in entries:
        path = Path(entry.path)
        if entry.is_symlink() and not _inside(path, root):
            remarks.append(
                f"{printable(_relative(path, root))}: a link that leads outside the project; it was not followed."
            )
        elif _is_file(entry):
            yield _relative(path, root)
    for entry in entries:
        if entry.is_dir(follow_symlinks=False) and not _skipped(Path(entry.path), root):
            yield from _walk(Path(entry.path), root, remarks)


def _skipped(folder: Path, root: Path) -> bool:
    name = folder.name
    built = folder.parent == root and name in {"build", "dist"} and not _is_package(folder)
    if name.startswith(".") or name.endswith(".egg-info") or built:
        return True
    return (name in SKIPPED and not _is_package(folder)) or (folder / "pyvenv.cfg").is_file()


def _is_file(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_file()
    except OSError:  # a loop of links
        return False


def _is_package(folder: Path) -> bool:
    return (folder / "__init__.py").is_file()


def _inside(path: Path, root: Path) -> bool:
    try:
        return path.resolve().is_relative_to(root)
    except (OSError, RuntimeError):  # a loop of links
        return False


def _relative(path: Path, root: Path) -> PurePosixPath:
    return PurePosixPath(path.relative_to(root).as_posix())
