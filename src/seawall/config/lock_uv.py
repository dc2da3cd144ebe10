"""``uv.lock``: a graph of all platforms' packages, walked from the project itself."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from seawall.config.lines import Key
from seawall.config.markers import ALWAYS, NEVER, Marker, both, either
from seawall.config.pins import (
    Lock,
    Pin,
    check_address,
    check_fresh,
    git_url,
    manifest,
    no_local_path,
    normal,
    read_lock,
    render,
    required_names,
    split_requirement,
)

# A package of the lock (its index there), and an extra of it or "".
Node = tuple[int, str]

_PLAIN_SPECIFIER = re.compile(r"(==|>=|<=|<|>|!=|~=)\d+(\.\d+)*")


def read(path: Path) -> str:
    """The pinned requirements of the project that the lock is for. Raises ConfigError."""
    lock = read_lock(path, "uv")
    if lock.data.get("version") != 1:
        raise lock.error("this version of the lock's form is unknown", "Update seawall, or lock with an older uv.")
    if lock.data.get("conflicts"):
        raise lock.error(
            "the project declares conflicting extras or groups, whose packages cannot be told apart here",
            "Name the result of `uv export --no-dev --no-emit-project` as `app.requirements`.",
            ("conflicts",),
        )
    packages: list[dict[str, Any]] = lock.data.get("package", [])
    root = _root(lock, packages)
    _check_fresh(lock, packages[root])
    markers = _walk(lock, packages, root)
    pins = [_pin(lock, index, packages[index], marker) for index, marker in markers.items() if index != root]
    return render(pins, _indexes(lock, [packages[index] for index in markers]))


def _root(lock: Lock, packages: list[dict[str, Any]]) -> int:
    for index, package in enumerate(packages):
        source = package.get("source", {})
        if "." in (source.get("virtual"), source.get("editable"), source.get("directory")):
            return index
    raise lock.error(
        "the lock is for no project of its own folder",
        "Name the lock of the app's project, or the result of `uv export --package NAME`.",
    )


def _walk(lock: Lock, packages: list[dict[str, Any]], root: int) -> dict[int, Marker]:
    """When each package is needed: any of the ways to it, each with all conditions on the way."""
    reached: dict[Node, Marker] = {(root, ""): ALWAYS}
    waiting: list[Node] = [(root, "")]
    while waiting:
        node = waiting.pop()
        for target, condition in _edges(lock, packages, node):
            old = reached.get(target, NEVER)
            new = either(old, both(reached[node], condition))
            if new != old:
                reached[target] = new
                waiting.append(target)
    markers: dict[int, Marker] = {}
    for (index, _), marker in reached.items():
        markers[index] = either(markers.get(index, NEVER), marker)
    return markers


def _edges(lock: Lock, packages: list[dict[str, Any]], node: Node) -> Iterator[tuple[Node, Marker]]:
    index, extra = node
    package, key = packages[index], ("package", index)
    if extra:
        yield (index, ""), ALWAYS
    wanted = package.get("optional-dependencies", {}).get(extra, []) if extra else package.get("dependencies", [])
    for dependency in wanted:
        target = _find(lock, packages, dependency, key)
        condition = lock.marker(dependency.get("marker"), key)
        yield (target, ""), condition
        for asked in dependency.get("extra", []):
            yield (target, asked), condition


def _find(lock: Lock, packages: list[dict[str, Any]], dependency: dict[str, Any], key: Key) -> int:
    for index, package in enumerate(packages):
        same = all(package.get(field) == dependency[field] for field in ("version", "source") if field in dependency)
        if package.get("name") == dependency.get("name") and same:
            return index
    raise lock.error(f"{dependency.get('name')} is needed and not in the lock", "Run `uv lock`.", key)


def _pin(lock: Lock, index: int, package: dict[str, Any], marker: Marker) -> Pin:
    key, name, source = ("package", index), package["name"], package.get("source", {})
    files = [*package.get("wheels", []), package.get("sdist", {})]
    hashes = tuple(file["hash"] for file in files if "hash" in file)
    if "git" in source:
        address, _, commit = check_address(lock, source["git"], key).partition("#")
        address, _, query = address.partition("?")
        folder = re.search(r"(?:^|&)subdirectory=([^&]+)", query)
        return Pin(name, git_url(address, commit, folder[1] if folder else ""), marker)
    if "url" in source:
        return Pin(name, f" @ {check_address(lock, source['url'], key)}", marker, hashes)
    if "://" not in source.get("registry", ""):
        raise no_local_path(lock, name, key)
    if "version" not in package:
        raise lock.missing_field("version", key)
    return Pin(name, f"=={package['version']}", marker, hashes)


def _indexes(lock: Lock, packages: list[dict[str, Any]]) -> list[str]:
    """The indexes that the project names itself and takes packages from; the usual one is not named."""
    named = manifest(lock, "pyproject.toml").get("tool", {}).get("uv", {}).get("index", [])
    urls = [str(index.get("url", "")) for index in named]
    used = {package.get("source", {}).get("registry") for package in packages}
    return [check_address(lock, url) for url in urls if url in used]


def _check_fresh(lock: Lock, root: dict[str, Any]) -> None:
    """Compare what the lock remembers of pyproject.toml with the file. Raises ConfigError."""
    project = manifest(lock, "pyproject.toml").get("project", {})
    if "dependencies" not in project:  # no manifest, or one whose dependencies a build backend works out
        return
    wanted = project["dependencies"]
    known = [entry for entry in root.get("metadata", {}).get("requires-dist", []) if "extra ==" not in _marker(entry)]
    check_fresh(lock, required_names(wanted), {normal(entry["name"]) for entry in known}, "pyproject.toml")
    now = {name: specifier for name, specifier, _ in map(split_requirement, wanted)}
    for entry in known:
        name = normal(entry["name"])
        if name not in now:
            raise lock.error(
                f"the lock is older than pyproject.toml: {name} is not required any more",
                "Run `uv lock` and commit it.",
            )
        if _differ(str(entry.get("specifier", "")), now[name]):
            raise lock.error(
                f"the lock is older than pyproject.toml: it has {name}{entry.get('specifier', '')}, not "
                f"{name}{now[name]}",
                "Run `uv lock` and commit it.",
            )


def _marker(entry: dict[str, Any]) -> str:
    return str(entry.get("marker", ""))


def _differ(locked: str, wanted: str) -> bool:
    """Whether two version specifiers surely differ; only plain ones are compared, as uv writes others its own way."""
    one, other = ({part.replace(" ", "") for part in text.split(",")} for text in (locked, wanted))
    return one != other and all(_PLAIN_SPECIFIER.fullmatch(part) for part in one | other)
