"""The local target: what is prepared on this side of the agent, and how all of it is stopped."""

from __future__ import annotations

import contextlib
import datetime
import http.client
import os
import select
from pathlib import Path

from seawall.config.folder import own_folder
from seawall.config.model import Project
from seawall.operations import authority, user_manager
from seawall.operations.hosts import Host
from seawall.operations.ports import ports
from seawall.operations.stop import stop

#: supervisord gives its programs 10 seconds to stop.
SHUT_DOWN_TIMEOUT = 30


def folder(project: Project) -> Path:
    """Everything of the local target is in here."""
    return own_folder(project.directory) / "local"


def prepare(project: Project) -> authority.LeafFiles:
    """Make the local authority and certificate that https needs."""
    return authority.ensure(folder(project), datetime.datetime.now(datetime.UTC))


def address(project: Project) -> str:
    """Where the app answers once it is up."""
    port = ports(project).https
    return "https://localhost" if port == 443 else f"https://localhost:{port}"


def down(project: Project, hosts: list[Host]) -> None:
    """Stop the app, its front and supervisord. Releases and data stay; `up` starts them again."""
    stop(hosts)
    shut_down(folder(project) / "run" / "supervisor.sock")
    user_manager.end_front(folder(project), project.app_id)


def shut_down(path: Path) -> None:
    """Tell supervisord to end, over its own interface, and wait until it has. Nothing happens where none runs."""
    import xmlrpc.client

    from seawall.agent.managers.supervisor_rpc import UnixTransport

    with (
        contextlib.suppress(OSError, http.client.HTTPException, xmlrpc.client.Error),
        xmlrpc.client.ServerProxy("http://supervisor", transport=UnixTransport(path)) as proxy,
    ):
        process = os.pidfd_open(int(str(proxy.supervisor.getPID())))
        try:
            proxy.supervisor.shutdown()
            select.select([process], [], [], SHUT_DOWN_TIMEOUT)  # readable once it has ended (pidfd_open(2))
        finally:
            os.close(process)
