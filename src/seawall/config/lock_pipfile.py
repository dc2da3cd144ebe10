"""``Pipfile.lock`` and ``Pipfile`` of pipenv."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from seawall.config.markers import Marker, both
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
)
from seawall.errors import ConfigError

_PLATFORM = ("sys_platform", "os_name", "platform_system", "platform_machine", "python_version", "python_full_version")


def read(path: Path) -> str:
    """The pinned requirements of the section ``default``. Raises ConfigError."""
    text = path.read_text(encoding="utf-8")
    try:
        data = json.loads(text)
        packages = dict(data["default"])
    except json.JSONDecodeError as error:
        place = f"{path.name}:{error.lineno}"
        raise ConfigError(f"this is not JSON: {error.msg}", place=place, remedy="Run `pipenv lock`.") from error
    except (KeyError, TypeError, ValueError) as error:
        raise ConfigError("there is no section `default`", place=path.name, remedy="Run `pipenv lock`.") from error
    lock = Lock(path, "", data, "pipenv")
    wanted = manifest(lock, "Pipfile").get("packages", {})
    plain = {normal(name) for name, value in wanted.items() if not (isinstance(value, dict) and _conditions(value))}
    check_fresh(lock, plain, {normal(name) for name in packages}, "Pipfile")
    return render([_pin(lock, name, entry) for name, entry in packages.items()], _indexes(lock))


def read_pipfile(path: Path) -> str:
    """The requirements of a ``Pipfile`` without a lock, as lines with their version ranges. Raises ConfigError."""
    lock = read_lock(path, "pipenv")
    packages = lock.data.get("packages", {})
    return render([_pin(lock, name, {"version": e} if isinstance(e, str) else e) for name, e in packages.items()])


def _pin(lock: Lock, name: str, entry: dict[str, Any]) -> Pin:
    name, marker = normal(name), _marker(lock, entry)
    if "path" in entry or (entry.get("editable") and "git" not in entry):
        raise no_local_path(lock, name, ("packages", name))
    if "git" in entry:
        address = check_address(lock, entry["git"])
        return Pin(name, git_url(address, entry.get("ref", "HEAD"), entry.get("subdirectory", "")), marker)
    if "file" in entry:
        return Pin(name, f" @ {check_address(lock, entry['file'])}", marker, tuple(entry.get("hashes", [])))
    extras = f"[{','.join(entry['extras'])}]" if entry.get("extras") else ""
    version = str(entry.get("version", "*"))
    return Pin(name, extras + ("" if version == "*" else version), marker, tuple(entry.get("hashes", [])))


def _conditions(entry: dict[str, Any]) -> list[str]:
    """pipenv writes a marker whole, or as keys such as ``sys_platform = "!= 'win32'"``."""
    return [str(entry.get("markers", "")), *(f"{key} {entry[key]}" for key in _PLATFORM if key in entry)][
        0 if "markers" in entry else 1 :
    ]


def _marker(lock: Lock, entry: dict[str, Any]) -> Marker:
    marker = lock.marker("", ())
    for text in _conditions(entry):
        marker = both(marker, lock.marker(text, ()))
    return marker


def _indexes(lock: Lock) -> list[str]:
    """All but the usual index, which pipenv calls pypi."""
    sources = lock.data.get("_meta", {}).get("sources", [])
    return [check_address(lock, str(source.get("url"))) for source in sources if source.get("name") != "pypi"]
