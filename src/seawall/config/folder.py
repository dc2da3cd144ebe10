"""seawall's own folder in a project: caches and the local target. It is nobody's source code."""

from __future__ import annotations

from pathlib import Path

NAME = ".seawall"


def own_folder(directory: Path) -> Path:
    """``directory/.seawall``, made if need be, and kept out of version control by a file of its own."""
    folder = directory / NAME
    ignore = folder / ".gitignore"
    if not ignore.exists():
        folder.mkdir(exist_ok=True)
        ignore.write_text("*\n")
    return folder
