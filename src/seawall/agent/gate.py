"""The gate: a release takes traffic only after its health path answered 2xx several times in a row.

``through_socket`` asks the new instance itself; ``through_front_door`` asks the way a visitor does and also finds out
which release answered.
"""

from __future__ import annotations

import http.client
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from seawall.agent.errors import FrontDoorFailed, GateFailed
from seawall.agent.vocabulary import FrontDoor, Gate

#: Asks the front server to say which release it used; it tells callers on this host only.
PROBE = {"X-Seawall-Probe": "1"}
ANSWERED_BY = "X-Seawall-Release"
POLITE = {"User-Agent": "seawall-gate", "Connection": "close"}


@dataclass(frozen=True)
class Answer:
    """One answer of the health path: its status, or why there was none."""

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


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: Path, host: str, timeout: float) -> None:
        super().__init__(host, timeout=timeout)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))


def through_socket(path: Path, gate: Gate, *, broken: Callable[[], str], cancelled: Callable[[], bool]) -> int:
    """Wait until the instance behind ``path`` is healthy. Returns how many times it was asked.

    ``broken`` says why the instance can no longer become healthy (it died), or "". Raises GateFailed.
    """

    def ask() -> Answer:
        connection = _UnixConnection(path, gate.host, gate.answer_timeout)
        return _ask(connection, gate.path, _forwarded(gate))

    return _wait(ask, gate, broken, cancelled)


def healthy_now(path: Path, gate: Gate) -> str:
    """What the health path answers right now: "healthy", or what is wrong."""
    answer = _ask(_UnixConnection(path, gate.host, gate.answer_timeout), gate.path, _forwarded(gate))
    return "healthy" if answer.healthy else answer.describe()


def _forwarded(gate: Gate) -> dict[str, str]:
    return {"Host": gate.host, "X-Forwarded-Proto": gate.scheme, "X-Forwarded-For": "127.0.0.1", **POLITE}


def _wait(ask: Callable[[], Answer], gate: Gate, broken: Callable[[], str], cancelled: Callable[[], bool]) -> int:
    deadline = time.monotonic() + gate.timeout
    asked, in_a_row = 0, 0
    answer = Answer(reason="was not asked")
    while time.monotonic() < deadline and not cancelled():
        answer = ask()
        asked += 1
        in_a_row = in_a_row + 1 if answer.healthy else 0
        if in_a_row >= gate.successes:
            return asked
        why = "" if answer.healthy else broken()
        if why:
            raise GateFailed(why, place=gate.path)
        time.sleep(gate.interval if answer.healthy else max(gate.interval, 0.05))
    raise GateFailed(
        f"the health path {gate.path} {answer.describe()}; asked {asked} times in {gate.timeout:g} s",
        place=gate.path,
        remedy=_remedy(answer, gate),
    )


def through_front_door(front: FrontDoor, wanted: str, *, patience: float = 5.0) -> None:
    """Ask through the front server until ``wanted`` (a release's id) answers well. Raises FrontDoorFailed."""
    deadline = time.monotonic() + patience
    while True:
        answer = _ask_front_door(front)
        if answer.healthy and answer.release == wanted:
            return
        if time.monotonic() > deadline:
            raise FrontDoorFailed(
                f"through the front server, {front.path} of {front.host} {answer.describe()}"
                + (f", from {answer.release or 'another site'}" if answer.status else ""),
                place=f"{front.address}:{front.port}",
                remedy="see the front server's error log; is another site set up for the same domain?",
            )
        time.sleep(0.05)


def _ask_front_door(front: FrontDoor) -> Answer:
    headers = {"Host": front.host, **PROBE, **POLITE}
    if not front.tls:
        return _ask(http.client.HTTPConnection(front.address, front.port, timeout=10), front.path, headers)
    import ssl

    # This host asks itself over loopback to learn which release answers; who signed the certificate is
    # the visitor's question, and on a first deployment nobody has.
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    connection = _NamedConnection(front, context)
    return _ask(connection, front.path, headers)


class _NamedConnection(http.client.HTTPConnection):
    """TLS to an address, under the site's name (SNI)."""

    def __init__(self, front: FrontDoor, context: object) -> None:
        super().__init__(front.address, front.port, timeout=10)
        self._name = front.host
        self._context = context

    def connect(self) -> None:
        super().connect()
        self.sock = self._context.wrap_socket(self.sock, server_hostname=self._name)  # type: ignore[attr-defined]


def _ask(connection: http.client.HTTPConnection, path: str, headers: dict[str, str]) -> Answer:
    try:
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        answer.read()
    except socket.timeout:
        return Answer(reason=f"did not answer within {connection.timeout:g} s")
    except (OSError, http.client.HTTPException) as error:
        return Answer(reason=f"could not be reached ({error or type(error).__name__})")
    finally:
        connection.close()
    return Answer(answer.status, answer.reason, answer.headers.get("Location", ""), answer.headers.get(ANSWERED_BY, ""))


def _remedy(answer: Answer, gate: Gate) -> str:
    if 300 <= answer.status < 400:
        return "let the health path answer 200 itself, without a redirect, or set [health] path to one that does"
    if answer.status in (401, 403):
        return "the health path must answer without a login"
    if answer.status == 404:
        return f"add a route for {gate.path}, or set [health] path to one that the app has"
    return "mend the app (its last log lines are below), or raise [health] timeout if it only starts slowly"
