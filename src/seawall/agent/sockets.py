"""Who talks to a listener: read from ``/proc/net/unix`` and ``/proc/net/tcp``.

A server-side connection carries the path, or the address and port, of the listener it came in by, both while it waits
in the backlog and after it was accepted. So the number of such entries is what a listener still has to answer
(proc(5), unix(7)).
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

from seawall.agent.endpoint import Endpoint

#: Flag of a listening socket (``__SO_ACCEPTCON`` in the kernel's ``include/uapi/linux/net.h``).
ACCEPTING = 0x10000
#: States of TCP (``include/net/tcp_states.h``). A connection that the server itself has closed is none it owes for.
TCP_LISTENS = "0A"
TCP_OPEN = ("01", "03", "08")  # established, its handshake not yet over, closed by the other side alone


@dataclass(frozen=True)
class Listener:
    """A listener's state: is somebody listening, and how many connections it has yet to finish."""

    listening: bool
    open_connections: int


def listener(server: Endpoint) -> Listener:
    """The state of a server's listening socket."""
    if server.address:
        return on_tcp(server.address, server.port)
    return on_unix(server.socket)


def on_tcp(address: str, port: int, table: str | None = None) -> Listener:
    """The state of what listens at an IPv4 address and port; the kernel writes the address as one number."""
    text = Path("/proc/net/tcp").read_text() if table is None else table
    number = int.from_bytes(bytes(map(int, address.split("."))), sys.byteorder)
    local = f"{number:08X}:{port:04X}"
    states = [parts[3] for parts in map(str.split, text.splitlines()[1:]) if len(parts) > 3 and parts[1] == local]
    return Listener(TCP_LISTENS in states, sum(state in TCP_OPEN for state in states))


def on_unix(path: Path, table: str | None = None) -> Listener:
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
