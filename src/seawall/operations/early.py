"""Connections begun before the configuration is read, since both take about as long.

Only a hint is taken from the file: the host names of the environment. If the configuration turns out to say something
else, or to be wrong, the connections are closed unused. This module stays light, so that it can run first.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from seawall.transport.session import Session
from seawall.transport.ssh import Ssh

FILE = "seawall.toml"


class Early:
    """Sessions that are on their way, by host name."""

    def __init__(self, names: list[str]) -> None:
        self._sessions = {name: Ssh(name).open() for name in dict.fromkeys(names)}

    def take(self, name: str) -> Session:
        """The session with this host: the one under way, or a new one."""
        return self._sessions.pop(name, None) or Ssh(name).open()

    def close(self) -> None:
        """End the sessions that nobody took."""
        for session in self._sessions.values():
            session.close()
        self._sessions = {}


def begin(directory: Path, environment: str, only: tuple[str, ...] = ()) -> Early:
    """Begin to connect to the hosts that the project in ``directory``, or above it, names."""
    if environment == "local":
        return Early([])
    return Early([name for name in _hosts(directory, environment) if not only or name in only])


def _hosts(directory: Path, environment: str) -> list[str]:
    """What looks like the hosts; nothing where anything is unusual, as loading will say what is wrong."""
    for folder in (directory.absolute(), *directory.absolute().parents):
        try:
            data: Mapping[str, Any] = tomllib.loads((folder / FILE).read_text(encoding="utf-8"))
        except FileNotFoundError:
            continue
        except (OSError, ValueError):
            return []
        overlays = data.get("environments")
        overlay = overlays.get(environment) if isinstance(overlays, dict) else None
        found = overlay.get("hosts", data.get("hosts")) if isinstance(overlay, dict) else data.get("hosts")
        return [name for name in found if _plausible(name)] if isinstance(found, list) else []
    return []


def _plausible(name: object) -> bool:
    return isinstance(name, str) and bool(name) and not name.startswith("-") and not any(c.isspace() for c in name)
