"""What an application server is to the rest of the stack: one description, whatever its kind.

No kind opens a socket itself. The service manager listens and hands the socket over by systemd's protocol
(sd_listen_fds(3): file descriptor 3, LISTEN_FDS, LISTEN_PID), so requests wait while a server is started again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from seawall.agent.vocabulary import RELEASE, UnitFile
from seawall.config.server import Kind

#: Seconds between a server's own limit for stopping and the service manager's kill.
STOP_MARGIN = 5


@dataclass(frozen=True)
class AppServer:
    """The application server of a release: all that a service manager needs to know of it.

    ``requirements`` are installed beside the app's own. ``files`` are its settings, relative to the release's folder.
    ``command`` runs in the foreground and takes the listening socket as file descriptor 3. ``notifies`` says that it
    tells systemd when it is up (sd_notify(3)). On ``stop_signal`` it lets its requests finish; what is left after
    ``stop_timeout`` seconds is killed. ``backlog`` is how many connections may wait in the socket. ``stats`` is the
    path of a socket that it opens itself, or "".
    """

    kind: Kind
    requirements: tuple[str, ...]
    files: tuple[UnitFile, ...]
    command: tuple[str, ...]
    backlog: int
    stop_timeout: int
    stop_signal: str = "TERM"
    speaks: Literal["http", "uwsgi"] = "http"
    notifies: bool = False
    stats: str = ""


@dataclass(frozen=True)
class Surroundings:
    """What a server finds where it runs.

    ``base`` is the app's folder there, ``memory`` a folder in memory (or the next best), ``stats`` where a socket of
    its own may be, or "" for nowhere. ``front_speaks_uwsgi`` says whether the front server knows that protocol.
    """

    base: str
    memory: str
    stats: str
    front_speaks_uwsgi: bool = True

    @property
    def release(self) -> str:
        """The release's folder."""
        return f"{self.base}/releases/{RELEASE}"


def jitter(max_requests: int) -> int:
    """How many requests earlier or later than others a worker may be replaced, so that not all go at once."""
    return max_requests // 10
