"""The names of the packages that an app asks for, as far as its files tell without resolving anything."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from seawall.config.document import read_toml
from seawall.config.pins import normal, split_requirement
from seawall.config.requirements import RequirementSource

_INCLUDED = re.compile(r"\s*(?:-r|--requirement)[ =]?\s*(\S+)")


def required(root: Path, source: RequirementSource) -> frozenset[str]:
    """Normalised names (PEP 503): all of a lock's, else those that are named outright."""
    if source.text:
        return frozenset(_names(source.text))
    if not source.path:
        return frozenset()
    if source.path.endswith(".toml"):
        return frozenset(_declared(read_toml(root / source.path)[1]))
    return frozenset(_of_file(root, source.path, set()))


def _of_file(root: Path, name: str, seen: set[str]) -> Iterator[str]:
    """Of a requirements file and those that it includes; what is not there, or no text, is told elsewhere."""
    path = os.path.normpath(name)
    if path in seen or path.startswith(("/", "..")) or not (root / path).is_file():
        return
    seen.add(path)
    text = (root / path).read_text(errors="replace")
    yield from _names(text)
    for match in map(_INCLUDED.match, text.splitlines()):
        if match:
            yield from _of_file(root, os.path.join(os.path.dirname(path), match[1]), seen)


def _names(text: str) -> Iterator[str]:
    for line in text.replace("\\\n", " ").splitlines():
        bare = re.sub(r"(^|\s)(#|--hash).*", "", line).strip()
        name = re.match(r"[A-Za-z0-9][A-Za-z0-9._-]*", bare)
        if name:
            yield normal(name[0])


def _declared(data: dict[str, Any]) -> Iterator[str]:
    """Of pyproject.toml: PEP 621's dependencies, or Poetry's."""
    dependencies = _table(data, "project").get("dependencies")
    if isinstance(dependencies, list):
        yield from (split_requirement(item)[0] for item in dependencies if isinstance(item, str))
    yield from map(normal, _table(data, "tool", "poetry", "dependencies"))


def _table(data: dict[str, Any], *keys: str) -> dict[str, Any]:
    """The table under these keys; an empty one where there is none, or something else."""
    for key in keys:
        inner = data.get(key)
        data = inner if isinstance(inner, dict) else {}
    return data
