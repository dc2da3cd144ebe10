"""``poetry.lock`` of Poetry 2 (lock version 2.1), which says for each package its groups and when it is needed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from seawall.config.lines import Key
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
)


def read(path: Path) -> str:
    """The pinned requirements of the main group. Raises ConfigError."""
    lock = read_lock(path, "poetry")
    version = str(lock.data.get("metadata", {}).get("lock-version", ""))
    if tuple(int(part) for part in version.split(".") if part.isdigit()) < (2, 1):
        raise lock.error(
            "a lock of Poetry 1 does not say which packages the app needs to run",
            "Run `poetry lock` with Poetry 2, or name the result of `poetry export` as `app.requirements`.",
            ("metadata", "lock-version"),
        )
    packages: list[dict[str, Any]] = lock.data.get("package", [])
    project = manifest(lock, "pyproject.toml")
    check_fresh(lock, _required(project), {normal(package.get("name", "")) for package in packages}, "pyproject.toml")
    mine = [(index, package) for index, package in enumerate(packages) if "main" in package.get("groups", [])]
    pins = [_pin(lock, ("package", index), package) for index, package in mine]
    return render(pins, _indexes(lock, [package for _, package in mine]))


def _pin(lock: Lock, key: Key, package: dict[str, Any]) -> Pin:
    for field in ("name", "version"):
        if field not in package:
            raise lock.missing_field(field, key)
    name, source = normal(package["name"]), package.get("source", {})
    conditions = package.get("markers", "")
    if isinstance(conditions, dict):  # other groups have conditions of their own
        conditions = conditions.get("main", "")
    marker = lock.marker(conditions, key)
    hashes = tuple(file["hash"] for file in package.get("files", []))
    address = str(source.get("url", ""))
    if source.get("type") == "git":
        commit = source.get("resolved_reference") or source.get("reference", "")
        return Pin(name, git_url(check_address(lock, address, key), commit, source.get("subdirectory", "")), marker)
    if source.get("type") == "url":
        return Pin(name, f" @ {check_address(lock, address, key)}", marker, hashes)
    if source.get("type") in ("directory", "file"):
        raise no_local_path(lock, name, key)
    return Pin(name, f"=={package['version']}", marker, hashes)


def _required(project: dict[str, Any]) -> set[str]:
    """What must be locked: the unconditional dependencies, in Poetry's own table and in the standard one."""
    own = project.get("tool", {}).get("poetry", {}).get("dependencies", {})
    conditions = {"optional", "markers", "python", "platform"}
    names = {normal(name) for name, value in own.items() if not (isinstance(value, dict) and conditions & set(value))}
    return (names - {"python"}) | required_names(project.get("project", {}).get("dependencies", []))


def _indexes(lock: Lock, packages: list[dict[str, Any]]) -> list[str]:
    sources = [package.get("source", {}) for package in packages]
    urls = {str(source["url"]) for source in sources if source.get("type") == "legacy" and "url" in source}
    return [check_address(lock, url) for url in sorted(urls)]
