"""``pdm.lock``, made with the strategy ``inherit_metadata`` (pdm's default), which says when a package is needed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from seawall.config.lines import Key
from seawall.config.markers import either
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
    """The pinned requirements of the default group. Raises ConfigError."""
    lock = read_lock(path, "pdm")
    if "inherit_metadata" not in lock.data.get("metadata", {}).get("strategy", []):
        raise lock.error(
            "the lock does not say which packages the app needs to run",
            "Run `pdm lock --strategy inherit_metadata`.",
            ("metadata",),
        )
    packages: list[dict[str, Any]] = lock.data.get("package", [])
    wanted = manifest(lock, "pyproject.toml").get("project", {}).get("dependencies", [])
    check_fresh(
        lock, required_names(wanted), {normal(package.get("name", "")) for package in packages}, "pyproject.toml"
    )
    pins: dict[tuple[str, str], Pin] = {}
    for index, package in enumerate(packages):
        if "default" in package.get("groups", []):
            pin = _pin(lock, ("package", index), package)
            twin = pins.get((pin.name, pin.exact))  # a package with extras has an entry for itself and for each set
            marker = either(pin.marker, twin.marker) if twin else pin.marker
            pins[pin.name, pin.exact] = Pin(pin.name, pin.exact, marker, pin.hashes)
    return render(pins.values(), _indexes(lock))


def _pin(lock: Lock, key: Key, package: dict[str, Any]) -> Pin:
    if "name" not in package:
        raise lock.missing_field("name", key)
    name, marker = normal(package["name"]), lock.marker(package.get("marker"), key)
    hashes = tuple(file["hash"] for file in package.get("files", []) if "hash" in file)
    if "git" in package:
        address = check_address(lock, package["git"], key)
        commit = package.get("revision") or package.get("ref", "")
        return Pin(name, git_url(address, commit, package.get("subdirectory", "")), marker)
    if "url" in package:
        return Pin(name, f" @ {check_address(lock, package['url'], key)}", marker, hashes)
    if "path" in package:
        raise no_local_path(lock, name, key)
    if "version" not in package:
        raise lock.missing_field("version", key)
    return Pin(name, f"=={package['version']}", marker, hashes)


def _indexes(lock: Lock) -> list[str]:
    named = manifest(lock, "pyproject.toml").get("tool", {}).get("pdm", {}).get("source", [])
    return [check_address(lock, str(source["url"])) for source in named if "url" in source]
