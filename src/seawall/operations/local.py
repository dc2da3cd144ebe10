"""The local target: what is prepared on this side of the agent, and how all of it is stopped."""

from __future__ import annotations

import contextlib
import datetime
import http.client
import socket
from pathlib import Path

from seawall.config.model import Project
from seawall.operations import authority
from seawall.operations.hosts import Host
from seawall.operations.ports import ports
from seawall.operations.stop import stop


def folder(project: Project) -> Path:
    """Everything of the local target is in here."""
    return project.directory / ".seawall" / "local"


def prepare(project: Project) -> authority.LeafFiles:
    """Make the local authority and certificate that https needs."""
    files = authority.ensure(folder(project), datetime.datetime.now(datetime.UTC))
    (project.directory / ".seawall" / ".gitignore").write_text("*\n")
    return files


def address(project: Project) -> str:
    """Where the app answers once it is up."""
    port = ports(project).https
    return "https://localhost" if port == 443 else f"https://localhost:{port}"


def down(project: Project, hosts: list[Host]) -> None:
    """Stop the app, its front and supervisord. Releases and data stay; `up` starts them again."""
    stop(hosts)
    _shut_down(folder(project) / "run" / "supervisor.sock")


def _shut_down(path: Path) -> None:
    """Tell supervisord to end, over its own interface, and wait until it has."""
    import xmlrpc.client

    from seawall.agent.managers.supervisor import UnixTransport

    with contextlib.suppress(OSError, http.client.HTTPException, xmlrpc.client.Error):
        with xmlrpc.client.ServerProxy("http://supervisor", transport=UnixTransport(path)) as proxy:
            proxy.supervisor.shutdown()
        while _answers(path):
            pass


def _answers(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            probe.settimeout(20)
            probe.connect(str(path))
            probe.recv(1)
        except OSError:
            return False
    return True
