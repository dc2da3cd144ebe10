"""What the app needs, read from whichever file says it: exact from a lock, else left to be resolved on the host.

Locks are read as they lie, without running the tool that wrote them: the app's own main requirements only, without
development groups, without the project itself, with markers and hashes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from seawall.config import lock_pdm, lock_pipfile, lock_poetry, lock_uv
from seawall.errors import ConfigError

_LOCKS: dict[str, Callable[[Path], str]] = {
    "uv.lock": lock_uv.read,
    "poetry.lock": lock_poetry.read,
    "pdm.lock": lock_pdm.read,
    "Pipfile.lock": lock_pipfile.read,
}


@dataclass(frozen=True)
class RequirementSource:
    """``path`` is as the configuration names it. ``text`` is a requirements file made from it, or "" where the file is
    one itself (or ``pyproject.toml``). ``locked`` says that ``text`` pins everything."""

    path: str
    text: str = ""
    locked: bool = False


def read_requirements(root: Path, path: str) -> RequirementSource:
    """What ``app.requirements`` stands for; ``root`` is ``project.root``. Raises ConfigError with the line of what
    cannot be read, of packages that a host cannot get, and if a lock is older than what it was made from."""
    if not path:
        return RequirementSource("")
    file = root / path
    if not file.is_file():
        raise ConfigError("there is no such file", place=path, remedy="Write it, or change `app.requirements`.")
    if file.name == "Pipfile":
        return RequirementSource(path, lock_pipfile.read_pipfile(file))
    reader = _LOCKS.get(file.name)
    return RequirementSource(path, reader(file), locked=True) if reader else RequirementSource(path)
