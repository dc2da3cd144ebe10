"""One request of our own: to a release's server itself, or to the front server under the site's name.

Apart from the gate, since http.client and ssl are slow to import and a plan needs neither.
"""

from __future__ import annotations

import http.client
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from seawall.agent.endpoint import Endpoint
from seawall.agent.unix_http import UnixConnection
from seawall.agent.uwsgi_packet import packet
from seawall.agent.vocabulary import FrontDoor


@dataclass(frozen=True)
class Answer:
    """One answer: its status, or 0 and the reason why there was none."""

    status: int = 0
    reason: str = ""
    location: str = ""
    release: str = ""

    @property
    def healthy(self) -> bool:
        return 200 <= self.status < 300

    def describe(self) -> str:
        if not self.status:
            return self.reason
        where = f" (a redirect to {self.location})" if self.location else ""
        return f"answered {self.status} {self.reason}{where}"


def at_server(server: Endpoint, host: str, timeout: float, url: str, headers: Mapping[str, str]) -> Answer:
    """Ask a release's server itself."""
    if server.address:
        connection = http.client.HTTPConnection(server.address, server.port, timeout=timeout)
    else:
        connection = UnixConnection(server.socket, host, timeout)
    exchange = _in_uwsgi if server.speaks == "uwsgi" else _in_http
    return _ask(connection, exchange, url, {"Host": host, **headers})


def at_front_door(front: FrontDoor, timeout: float, headers: Mapping[str, str]) -> Answer:
    """Ask the front server for the front door's path, as its host."""
    if not front.tls:
        connection = http.client.HTTPConnection(front.address, front.port, timeout=timeout)
    else:
        connection = _NamedConnection(front, timeout)
    return _ask(connection, _in_http, front.path, {"Host": front.host, **headers})


class _NamedConnection(http.client.HTTPConnection):
    """TLS to an address, under the site's name (SNI).

    This host asks itself over loopback to learn which release answers; who signed the certificate is the visitor's
    question, and on a first deployment nobody has.
    """

    def __init__(self, front: FrontDoor, timeout: float) -> None:
        super().__init__(front.address, front.port, timeout=timeout)
        self._name = front.host
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # no authorities are read: nobody is asked for one
        self._context.check_hostname = False
        self._context.verify_mode = ssl.CERT_NONE

    def connect(self) -> None:
        super().connect()
        self.sock = self._context.wrap_socket(self.sock, server_hostname=self._name)


Exchange = Callable[[http.client.HTTPConnection, str, Mapping[str, str]], http.client.HTTPResponse]


def _in_http(connection: http.client.HTTPConnection, url: str, headers: Mapping[str, str]) -> http.client.HTTPResponse:
    connection.request("GET", url, headers=dict(headers))
    return connection.getresponse()


def _in_uwsgi(connection: http.client.HTTPConnection, url: str, headers: Mapping[str, str]) -> http.client.HTTPResponse:
    connection.sock.sendall(packet(url, headers))
    answer = http.client.HTTPResponse(connection.sock, method="GET")
    answer.begin()
    return answer


def _ask(connection: http.client.HTTPConnection, exchange: Exchange, url: str, headers: Mapping[str, str]) -> Answer:
    too_late = Answer(reason=f"did not answer within {connection.timeout:g} s")
    late = threading.Event()
    try:
        connection.connect()
        with _cut_after(connection, late):
            answer = exchange(connection, url, headers)
            answer.read()
    except socket.timeout:
        return too_late
    except (FileNotFoundError, ConnectionRefusedError):
        return Answer(reason="could not be reached: nothing listens there")
    except (OSError, http.client.HTTPException) as error:
        return too_late if late.is_set() else Answer(reason=f"could not be reached ({error or type(error).__name__})")
    finally:
        connection.close()
    if late.is_set():
        return too_late
    said = answer.headers
    return Answer(answer.status, answer.reason, said.get("Location", ""), said.get("X-Seawall-Release", ""))


@contextmanager
def _cut_after(connection: http.client.HTTPConnection, late: threading.Event) -> Iterator[None]:
    """End a conversation that takes longer than the connection's timeout in all.

    The socket's own timeout bounds each read alone: an answer that comes in drops would never end.
    """

    def cut(sock: socket.socket) -> None:
        late.set()
        with suppress(OSError):
            socket.socket.shutdown(sock, socket.SHUT_RDWR)  # below TLS, which another thread is reading

    timer = threading.Timer(float(connection.timeout or 0), cut, [connection.sock])
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
