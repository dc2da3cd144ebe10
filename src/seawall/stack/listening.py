"""Where a release listens: on a unix socket of its own, or on TCP at a loopback address of the app's own."""

from __future__ import annotations

import hashlib

from seawall.agent.vocabulary import PORT, RELEASE, Layout, Listen
from seawall.config.model import Project
from seawall.stack.app_server import AppServer


def listen(project: Project, server: AppServer, layout: Layout) -> Listen:
    """How the release is asked."""
    return Listen(server.speaks, address(layout) if project.server.socket == "tcp" else "")


def address(layout: Layout) -> str:
    """A loopback address (RFC 1122, 3.2.1.3) that follows from where the app lives, so that two apps of one host do
    not meet; 127.0 is left to everybody else."""
    digest = hashlib.sha256(layout.base.encode("utf-8", "surrogateescape")).digest()
    first, second, third = (1 + byte % 254 for byte in digest[:3])
    return f"127.{first}.{second}.{third}"


def stream(layout: Layout, where: Listen) -> str:
    """The socket as systemd names it (systemd.socket(5), ListenStream=)."""
    return f"{where.address}:{PORT}" if where.address else f"{layout.run}/{RELEASE}.sock"
