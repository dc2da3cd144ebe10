"""What git knows of a project. A repository is a folder of somebody's: its configuration and hooks may name programs,
and looking at a project must run none of them (git-config(1), githooks(5))."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

PATIENCE = 20  # seconds
#: What of a repository's own configuration would run a program, or ask a remote for what is missing.
WITHOUT_PROGRAMS = (
    *("-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "-c", "core.pager=cat"),
    *("-c", "log.showSignature=false", "-c", "protocol.allow=never"),
)


def git_command(*arguments: str) -> list[str]:
    """A git command that only reads."""
    return ["git", "--no-optional-locks", *WITHOUT_PROGRAMS, *arguments]


def ask_git(root: Path, *arguments: str) -> bytes:
    """What git prints when asked in ``root``. Raises OSError and subprocess.SubprocessError."""
    done = subprocess.run(git_command(*arguments), cwd=root, capture_output=True, check=True, timeout=PATIENCE)
    return done.stdout


def repository_of(root: Path) -> Path | None:
    """The ``.git`` that ``root`` belongs to, which is a file in a worktree or submodule; None where there is none."""
    places = (folder / ".git" for folder in (root, *root.parents))
    return next((place for place in places if place.exists()), None)


def index_of(repository: Path) -> Path:
    """Git's list of what it keeps; its state tells whether that has changed (gitrepository-layout(5))."""
    if repository.is_file():
        said = repository.read_text(errors="replace").removeprefix("gitdir:").strip()
        return Path(os.path.normpath(repository.parent / said)) / "index"
    return repository / "index"


def tracked_files(root: Path) -> frozenset[str]:
    """The files under ``root`` that are in git's index, relative to it; none where there is no git or repository."""
    if repository_of(root) is None:
        return frozenset()
    try:
        listed = ask_git(root, "ls-files", "-z")
    except (OSError, subprocess.SubprocessError):
        return frozenset()
    return frozenset(listed.decode(errors="surrogateescape").split("\0")) - {""}
