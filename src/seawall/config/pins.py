"""Requirements as a lock pins them, and what all readers of locks share."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from seawall.config.document import read_toml
from seawall.config.lines import Key, line_index
from seawall.config.markers import ALWAYS, NEVER, BadMarker, Marker, parse, to_text
from seawall.errors import ConfigError

_NAME = re.compile(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)\s*(?:\[[^\]]*\])?\s*([^;]*)(;.*)?", re.DOTALL)


@dataclass(frozen=True)
class Pin:
    """One package of a lock. ``exact`` is what follows the name: ``==1.2`` or `` @ URL``."""

    name: str
    exact: str
    marker: Marker = ALWAYS
    hashes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Lock:
    """A lock file that was read, to point into when it is wrong."""

    path: Path
    text: str
    data: dict[str, Any]
    tool: str

    def error(self, fact: str, remedy: str, key: Key = ()) -> ConfigError:
        line = line_index(self.text).get(key) if key else None
        place = f"{self.path.name}:{line}" if line else self.path.name
        return ConfigError(fact, place=place, remedy=remedy)

    def marker(self, text: object, key: Key) -> Marker:
        try:
            return parse(str(text or ""))
        except BadMarker:
            raise self.error(f"this marker cannot be read: {text}", f"Run `{self.tool} lock`.", key) from None

    def missing_field(self, field: str, key: Key) -> ConfigError:
        return self.error(f"a package here has no {field}", f"Run `{self.tool} lock`.", key)


def read_lock(path: Path, tool: str) -> Lock:
    """A lock in TOML. Raises ConfigError."""
    text, data = read_toml(path)
    return Lock(path, text, data, tool)


def manifest(lock: Lock, name: str) -> dict[str, Any]:
    """The file that the lock was made from, or {} where it is not beside the lock. Raises ConfigError."""
    path = lock.path.with_name(name)
    return read_toml(path)[1] if path.is_file() else {}


def normal(name: str) -> str:
    """A package's name as all spellings of it are compared (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def split_requirement(requirement: str) -> tuple[str, str, str]:
    """Name, version specifiers and marker of a requirement such as ``Flask[async]>=3; python_version < "4"``."""
    match = _NAME.fullmatch(requirement)
    if match is None:
        return "", "", ""
    return normal(match[1]), match[2].strip().strip("()"), (match[3] or "").lstrip("; \t")


def required_names(requirements: Iterable[object]) -> set[str]:
    """The names that a lock must have: those that are required without a condition."""
    split = [split_requirement(requirement) for requirement in requirements if isinstance(requirement, str)]
    return {name for name, _, marker in split if name and not marker}


def check_fresh(lock: Lock, required: set[str], locked: set[str], source: str) -> None:
    """Raises ConfigError if the lock lacks something that its source asks for."""
    if lacking := sorted(required - locked):
        raise lock.error(
            f"the lock is older than {source}: it lacks {', '.join(lacking)}", f"Run `{lock.tool} lock` and commit it."
        )


def git_url(url: str, commit: str, subdirectory: str) -> str:
    """A pinned git requirement; needs git on the host."""
    prefix = "" if url.startswith("git+") else "git+"
    return f" @ {prefix}{url}@{commit}" + (f"#subdirectory={subdirectory}" if subdirectory else "")


def render(pins: Iterable[Pin], indexes: Iterable[str] = ()) -> str:
    """The text of a requirements file, sorted, with hashes; packages that no host needs are left out."""
    lines = [f"--extra-index-url {index}\n" for index in indexes]
    for pin in sorted(pins, key=lambda pin: (pin.name, pin.exact)):
        if pin.marker == NEVER:
            continue
        condition = to_text(pin.marker)
        # A URL ends at a blank, so that the marker's semicolon is not part of it.
        line = f"{pin.name}{pin.exact}" + (f" ; {condition}" if condition else "")
        lines.append(" \\\n    ".join([line, *(f"--hash={value}" for value in sorted(set(pin.hashes)))]) + "\n")
    return "".join(lines)


def check_address(lock: Lock, url: str, key: Key = ()) -> str:
    """An address that may be written on a host. Raises ConfigError if it holds a password or a variable."""
    try:
        parts = urlsplit(url.removeprefix("git+"))
        secret = parts.password is not None or "${" in url
    except ValueError:
        secret = True
    if secret:
        raise lock.error(
            "an address here holds a password or a variable, and everybody on the host could read it",
            "Take it from an index that needs no password, or put the wheel into the project.",
            key,
        )
    return url


def no_local_path(lock: Lock, name: str, key: Key) -> ConfigError:
    return lock.error(
        f"{name} comes from a folder or file of this machine, which the host has not",
        "Publish it to an index, name it by git, or keep its code in the app's own folder.",
        key,
    )
