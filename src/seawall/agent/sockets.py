"""Who talks to a unix socket: read from ``/proc/net/unix``.

A server-side connection carries the path of the listener it came in by, both while it waits in the backlog and after
it was accepted. So the number of such entries is what a listener still has to answer (proc(5), unix(7)).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

#: Flag of a listening socket (``__SO_ACCEPTCON`` in the kernel's ``include/uapi/linux/net.h``).
ACCEPTING = 0x10000


@dataclass(frozen=True)
class Listener:
    """A unix socket's state: is somebody listening, and how many connections it has yet to finish."""

    listening: bool
    open_connections: int


def listener(path: Path, table: str | None = None) -> Listener:
    """The state of the socket bound to ``path`` (absolute, as it was bound)."""
    text = Path("/proc/net/unix").read_text(errors="surrogateescape") if table is None else table
    listening, connections = False, 0
    for line in text.splitlines()[1:]:
        parts = line.split(None, 7)
        if len(parts) < 8 or parts[7] != str(path):
            continue
        if int(parts[3], 16) & ACCEPTING:
            listening = True
        else:
            connections += 1
    return Listener(listening, connections)
