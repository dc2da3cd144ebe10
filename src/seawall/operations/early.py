"""Connections begun before the configuration is read, since both take about as long.

Only a hint is taken from the file: the host names of the environment. If the configuration turns out to say something
else, or to be wrong, the connections are closed unused. This module stays light, so that it can run first.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from seawall.config.document import peek_hosts
from seawall.transport.session import Session
from seawall.transport.ssh import Ssh


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


def begin(directory: Path, environment: str, only: Sequence[str] = ()) -> Early:
    """Begin to connect to the hosts that the project in ``directory``, or above it, names."""
    if environment == "local":
        return Early([])
    return Early([name for name in peek_hosts(directory, environment) if not only or name in only])
