"""A load on a release's own server: as many requests as it answers, by so many visitors at once.

Each visitor asks, waits for the whole answer and asks again (a closed loop), on a new connection each time and in the
server's own protocol, as the front server does. One thread serves all visitors: a request costs it some 50 µs, and
``busy`` says whether that has become the limit.
"""

from __future__ import annotations

import math
import selectors
import socket
import time
from array import array
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from seawall.agent.endpoint import Endpoint
from seawall.agent.uwsgi_packet import packet

#: How long a connection may take, seconds: over loopback it takes none, unless the backlog is full.
TIMEOUT = 5.0
#: After a failure, seconds: a server that is gone is not asked as fast as the machine can.
PAUSE = 0.005
#: How many failures are described.
KEPT = 3
#: Between two looks at whether the person is still there, seconds.
TICK = 0.1


@dataclass
class Report:
    """What came of a load. Latencies in milliseconds (nearest rank); ``busy`` is the generator's share of one core."""

    seconds: float
    requests: int
    failed: int
    failures: list[str]
    p50_ms: float
    p99_ms: float
    busy: float


@dataclass
class _Visitor:
    """One visitor: its connection, when it asked, and what has come so far."""

    sock: socket.socket
    since: float
    head: bytes = b""


@dataclass
class _Tally:
    latencies: array[float] = field(default_factory=lambda: array("d"))
    failed: int = 0
    failures: list[str] = field(default_factory=list)

    def fail(self, what: str) -> None:
        self.failed += 1
        if what not in self.failures and len(self.failures) < KEPT:
            self.failures.append(what)


def run(server: Endpoint, request: bytes, *, visitors: int, seconds: float, stopped: Callable[[], bool]) -> Report:
    """Load the server for so many seconds, or until ``stopped``."""
    load = _Load(server, request, visitors)
    began, spent = time.monotonic(), time.thread_time()
    try:
        while time.monotonic() - began < seconds and not stopped():
            load.serve(TICK)
    finally:
        load.close()
    took = time.monotonic() - began
    return _report(load.tally, took, (time.thread_time() - spent) / took)


def request(server: Endpoint, path: str, headers: Mapping[str, str]) -> bytes:
    """A GET, as the server wants it."""
    if server.speaks == "uwsgi":
        return packet(path, headers)
    lines = (f"{name}: {value}" for name, value in headers.items())
    return "\r\n".join([f"GET {path} HTTP/1.1", *lines, "", ""]).encode()


class _Load:
    def __init__(self, server: Endpoint, request: bytes, visitors: int) -> None:
        self._server = server
        self._request = request
        self._selector = selectors.DefaultSelector()
        self._waiting = visitors
        self.tally = _Tally()

    def serve(self, wait: float) -> None:
        """Let everybody ask who is not asking, then take what has come in."""
        for _ in range(self._waiting):
            self._ask()
        for key, _ in self._selector.select(wait):
            self._read(key.data)

    def _ask(self) -> None:
        try:
            sock = self._connected()
        except OSError as error:
            self.tally.fail(f"could not be reached: {error.strerror or error}")
            time.sleep(PAUSE)
        else:
            self._waiting -= 1
            self._selector.register(sock, selectors.EVENT_READ, _Visitor(sock, time.monotonic()))

    def _connected(self) -> socket.socket:
        """A new connection on which the question has been asked. Raises OSError."""
        server = self._server
        sock = socket.socket(socket.AF_INET if server.address else socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            sock.settimeout(TIMEOUT)
            sock.connect((server.address, server.port) if server.address else str(server.socket))
            sock.sendall(self._request)
        except OSError:
            sock.close()
            raise
        sock.setblocking(False)
        return sock

    def close(self) -> None:
        for key in list(self._selector.get_map().values()):
            self._end(key.data)
        self._selector.close()

    def _read(self, visitor: _Visitor) -> None:
        try:
            data = visitor.sock.recv(65536)
        except OSError as error:
            self.tally.fail(f"broke off: {error.strerror or error}")
            data = None
        if data:
            visitor.head = visitor.head or data[:16]
            return
        self._end(visitor)
        if data is not None:
            self._judge(visitor)
        self._ask()

    def _judge(self, visitor: _Visitor) -> None:
        """The answer is over, as the server has closed: RFC 9112, section 9.6, and so it is after a uwsgi packet."""
        status = visitor.head[9:12]
        if status[:1] in (b"2", b"3"):
            self.tally.latencies.append(time.monotonic() - visitor.since)
        else:
            self.tally.fail(f"answered {status.decode('latin-1')}" if status else "closed without an answer")

    def _end(self, visitor: _Visitor) -> None:
        self._selector.unregister(visitor.sock)
        visitor.sock.close()
        self._waiting += 1


def _report(tally: _Tally, took: float, busy: float) -> Report:
    ordered = sorted(tally.latencies)
    return Report(
        round(took, 3),
        len(ordered),
        tally.failed,
        tally.failures,
        _rank(ordered, 50),
        _rank(ordered, 99),
        round(busy, 2),
    )


def _rank(ordered: Sequence[float], percent: int) -> float:
    if not ordered:
        return 0.0
    return round(ordered[max(0, math.ceil(percent / 100 * len(ordered)) - 1)] * 1000, 2)
