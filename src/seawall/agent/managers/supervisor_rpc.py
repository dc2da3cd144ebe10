"""What supervisord is asked over its XML-RPC interface on a unix socket (its manual, "XML-RPC API Documentation")."""

from __future__ import annotations

import contextlib
import http.client
import xmlrpc.client
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from seawall.agent.unix_http import UnixConnection

#: Faults that only say that things are already as wanted (supervisor.xmlrpc.Faults).
BAD_NAME, NOT_RUNNING, ALREADY_ADDED, STILL_RUNNING = 10, 70, 90, 91
#: What an order may raise: a fault, an answer that is none, a socket that is not there.
FAILURES = (xmlrpc.client.Error, http.client.HTTPException, OSError)


def call(socket: Path, method: str, *arguments: Any) -> Any:
    """Raises one of FAILURES."""
    with xmlrpc.client.ServerProxy("http://supervisor", transport=UnixTransport(socket)) as proxy:
        return getattr(proxy.supervisor, method)(*arguments)


class UnixTransport(xmlrpc.client.Transport):
    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path
        self._connection: tuple[Any, Any] = (None, None)

    def make_connection(self, host: Any) -> http.client.HTTPConnection:
        """One connection for all calls; kept where the base class looks for it when it closes."""
        if self._connection[1] is None:
            self._connection = host, UnixConnection(self._path, "supervisor")
        connection: http.client.HTTPConnection = self._connection[1]
        return connection


@contextlib.contextmanager
def tolerating(*codes: int) -> Iterator[None]:
    """Whether supervisor answers with one of these faults is all the same."""
    try:
        yield
    except xmlrpc.client.Fault as fault:
        if fault.faultCode not in codes:
            raise
