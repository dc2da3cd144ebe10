"""What git knows of a project; nothing where there is no git, or no repository."""

from __future__ import annotations

import subprocess
from pathlib import Path

PATIENCE = 20  # seconds


def tracked_files(root: Path) -> frozenset[str]:
    """The files under ``root`` that are in git's index, relative to it."""
    if not any((folder / ".git").exists() for folder in (root, *root.parents)):
        return frozenset()
    try:
        done = subprocess.run(["git", "ls-files", "-z"], cwd=root, capture_output=True, check=True, timeout=PATIENCE)
    except (OSError, subprocess.SubprocessError):
        return frozenset()
    return frozenset(done.stdout.decode(errors="surrogateescape").split("\0")) - {""}
