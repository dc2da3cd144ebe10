"""The Python version the project asks for."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from seawall.config.detect.facts import Evidence, Fact, Item, PythonVersion, chosen, nothing
from seawall.config.detect.tree import Tree

# The python3 of the distributions in use: Ubuntu 22.04, Debian 12, Ubuntu 24.04, Debian 13.
DISTRIBUTIONS = ((3, 10), (3, 11), (3, 12), (3, 13))


def find_python(tree: Tree) -> Fact[PythonVersion]:
    """The version: a file that names exactly one comes before a range."""
    every = list(_all(tree))
    exact = [item for item in every if item.value.version]
    ranges = [item for item in every if not item.value.version]
    if not every:
        return nothing()
    differ = len({item.value.version for item in exact}) > 1
    return chosen([*exact, *ranges], "the file tools look at first" if differ else "")


def matters(python: PythonVersion) -> bool:
    """Whether the version must be written down: some distribution's own python3 would not do."""
    return python.version is not None or not all(_admits(python.constraint, version) for version in DISTRIBUTIONS)


def _all(tree: Tree) -> Iterator[Item[PythonVersion]]:
    for path in (".python-version", "runtime.txt"):
        if tree.has(path):
            for number, line in enumerate(tree.text(path).splitlines(), start=1):
                match = re.fullmatch(r"(?:python-|cpython-)?(3\.\d+)(?:\.\d+)?", line.strip())
                if match:
                    yield Item(PythonVersion(match.group(1), line.strip()), Evidence(path, number))
                    break
    yield from _of_pipfile(tree)
    yield from _of_pyproject(tree)


def _of_pipfile(tree: Tree) -> Iterator[Item[PythonVersion]]:
    requires = (tree.toml("Pipfile") or {}).get("requires")
    for key in ("python_full_version", "python_version"):
        if isinstance(requires, dict) and isinstance(requires.get(key), str):
            yield _version(requires[key], Evidence("Pipfile", tree.line_of("Pipfile", key)))
            return


def _of_pyproject(tree: Tree) -> Iterator[Item[PythonVersion]]:
    pyproject: dict[str, Any] = tree.toml("pyproject.toml") or {}
    project, tool = pyproject.get("project"), pyproject.get("tool")
    if isinstance(project, dict) and isinstance(project.get("requires-python"), str):
        line = tree.line_of("pyproject.toml", "requires-python")
        yield _version(project["requires-python"], Evidence("pyproject.toml", line))
    poetry = tool.get("poetry") if isinstance(tool, dict) else None
    dependencies = poetry.get("dependencies") if isinstance(poetry, dict) else None
    if isinstance(dependencies, dict) and isinstance(dependencies.get("python"), str):
        line = tree.line_of("pyproject.toml", "python =")
        yield _version(_caret(dependencies["python"]), Evidence("pyproject.toml", line))


def _caret(constraint: str) -> str:
    """Poetry's ``^3.9`` (at least 3.9, below 4) and ``~3.9`` (any 3.9) in the common notation."""
    constraint = re.sub(r"\^\s*(\d+)((?:\.\d+)*)", lambda m: f">={m[1]}{m[2]},<{int(m[1]) + 1}", constraint)
    return re.sub(r"(?<![~=<>])~\s*(\d+\.\d+)", r"==\1.*", constraint)


def _version(constraint: str, evidence: Evidence) -> Item[PythonVersion]:
    text = constraint.replace(" ", "")
    match = re.fullmatch(r"(?:==|~=)?(3\.\d+)(?:\.\d+|\.\*)?", text)
    if match and not re.fullmatch(r"~=3\.\d+", text):  # ~=3.9 admits every later 3
        return Item(PythonVersion(match.group(1), text), evidence)
    return Item(PythonVersion(None, text), evidence)


def _admits(constraint: str, version: tuple[int, int]) -> bool:
    """Whether a range admits a version's newest patch release; unknown notation admits nothing."""
    return all(_part_admits(part, version) for part in constraint.split(",") if part)


def _part_admits(part: str, version: tuple[int, int]) -> bool:
    match = re.fullmatch(r"(>=|<=|<|>|!=|==|~=)(\d+)(?:\.(\d+))?(\.\d+|\.\*)?", part)
    if not match:
        return False
    bound = (int(match[2]), int(match[3] or 0))
    patch = bool(match[4]) and match[4] != ".*"
    return {
        ">=": version >= bound,
        ">": version > bound or (patch and version == bound),
        "<": version < bound,
        "<=": version < bound,
        "!=": patch or version != bound,
        "==": version == bound,
        "~=": version[0] == bound[0] and version >= bound,
    }[match[1]]
