"""Finding and reading the configuration file, before anything in it is judged. Standard library only, so that the
servers' names can be had before pydantic is imported (:func:`peek_hosts`)."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from seawall.config.lines import Key, line_index
from seawall.errors import ConfigError, UsageError

FILE = "seawall.toml"
PYPROJECT = "pyproject.toml"
ALWAYS_KNOWN = ("local", "production")

_TOML_PLACE = re.compile(r" \(at (?:line (\d+), column \d+|end of document)\)$")


@dataclass(frozen=True)
class Document:
    """A configuration file as it was read; ``prefix`` is where in it seawall's own table is."""

    path: Path
    text: str
    data: dict[str, Any]
    prefix: tuple[str, ...] = ()

    @property
    def directory(self) -> Path:
        return self.path.parent

    @property
    def environments(self) -> dict[str, Any]:
        """The overlays; empty where the table is no table (the loader reports that)."""
        overlays = self.data.get("environments", {})
        return overlays if isinstance(overlays, dict) else {}

    @property
    def base(self) -> dict[str, Any]:
        return {key: value for key, value in self.data.items() if key != "environments"}

    @cached_property
    def _lines(self) -> dict[Key, int]:
        return line_index(self.text)

    def place(self, key: Key) -> str:
        """``seawall.toml:LINE`` of a key of seawall's table, or of the nearest table around it."""
        path: Key = (*self.prefix, *key)
        while path and path not in self._lines:
            path = path[:-1]
        return f"{self.path.name}:{self._lines.get(path, 1)}"


def find(start: Path) -> Document:
    """The configuration that holds for ``start``, a folder (or the file itself): ``seawall.toml``, or
    ``[tool.seawall]`` in ``pyproject.toml``, there or in the nearest folder above. Raises ConfigError."""
    start = start.absolute()
    if start.is_file():
        if document := _document(start):
            return document
        raise _missing(start.parent)
    for folder in (start, *start.parents):
        for name in (FILE, PYPROJECT):
            if (folder / name).is_file() and (document := _document(folder / name)):
                return document
    raise _missing(start)


def merged(document: Document, environment: str) -> dict[str, Any]:
    """What the file says for ``environment``: tables merge, everything else replaces.
    Raises UsageError if there is no such environment."""
    overlays = document.environments
    if environment not in overlays and environment not in ALWAYS_KNOWN:
        known = ", ".join(sorted({*overlays, *ALWAYS_KNOWN}))
        raise UsageError(
            f"there is no environment {environment!r}",
            place=document.path.name,
            remedy=f"It knows {known}. A table [environments.{environment}] adds it.",
        )
    overlay = overlays.get(environment, {})
    if not isinstance(overlay, dict):
        return document.base
    return _overlaid(_with_long_processes(document.base), _with_long_processes(overlay))


def peek_hosts(start: Path, environment: str) -> tuple[str, ...]:
    """The servers' names, unchecked and quickly, to begin connecting while the rest is loaded; () where unsure."""
    try:
        hosts = merged(find(start), environment).get("hosts", [])
    except (ConfigError, UsageError):
        return ()
    sure = isinstance(hosts, list) and all(isinstance(host, str) and host and host[0] != "-" for host in hosts)
    return tuple(hosts) if sure else ()


def read_toml(path: Path) -> tuple[str, dict[str, Any]]:
    """The text and data of a TOML file. Raises ConfigError with its place if it is not readable or not TOML."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
        return text, tomllib.loads(text)
    except OSError as error:
        raise ConfigError(f"cannot be read: {error.strerror}", place=path.name) from error
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise ConfigError(
            "a byte here is not UTF-8", place=f"{path.name}:{line}", remedy="Save the file as UTF-8."
        ) from error
    except tomllib.TOMLDecodeError as error:
        raise _not_toml(path, text, str(error)) from error


def _not_toml(path: Path, text: str, message: str) -> ConfigError:
    match = _TOML_PLACE.search(message)
    said = message[: match.start()] if match else message
    line = match[1] if match and match[1] else str(text.rstrip().count("\n") + 1)
    return ConfigError(
        f"this is not TOML: {said[:1].lower()}{said[1:]}",
        place=f"{path.name}:{line}",
        remedy='Text stands in quotes: name = "guestbook". A table or key may be written only once.',
    )


def _document(path: Path) -> Document | None:
    if path.name != PYPROJECT:
        text, data = read_toml(path)
        return Document(path, text, data)
    # Only a pyproject.toml that speaks of seawall is ours to complain about.
    if b"seawall" not in path.read_bytes():
        return None
    text, data = read_toml(path)
    tool = data.get("tool", {})
    table = tool.get("seawall") if isinstance(tool, dict) else None
    return Document(path, text, table, ("tool", "seawall")) if isinstance(table, dict) else None


def _missing(folder: Path) -> ConfigError:
    return ConfigError(
        f"no {FILE} here or in a folder above",
        place=str(folder),
        remedy="`seawall init` writes one; or go to the project's folder.",
    )


def _overlaid(base: dict[str, Any], overlay: dict[str, Any]) -> dict[str, Any]:
    result = dict(base)
    for key, value in overlay.items():
        both_tables = isinstance(value, dict) and isinstance(result.get(key), dict)
        result[key] = _overlaid(result[key], value) if both_tables else value
    return result


def _with_long_processes(table: dict[str, Any]) -> dict[str, Any]:
    """Plain commands as tables, so that an overlay may change a process's count alone."""
    processes = table.get("processes")
    if not isinstance(processes, dict):
        return table
    long = {name: {"command": said} if isinstance(said, str) else said for name, said in processes.items()}
    return {**table, "processes": long}
