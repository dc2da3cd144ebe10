"""The gate: a release takes traffic only after its health path answered 2xx several times in a row.

``through_socket`` asks the new instance itself; ``through_front_door`` asks the way a visitor does and also finds out
which release answered.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from seawall.agent.endpoint import Endpoint
from seawall.agent.errors import FrontDoorFailed, GateFailed
from seawall.agent.vocabulary import FrontDoor, Gate

if TYPE_CHECKING:
    from seawall.agent.asking import Answer

POLITE = {"User-Agent": "seawall-gate", "Connection": "close"}
#: Asks the front server to say which release it used; it tells callers on this host only.
PROBE = {"X-Seawall-Probe": "1", **POLITE}
#: How long the front server may take for one answer, seconds.
FRONT_TIMEOUT = 10.0


def through_socket(server: Endpoint, gate: Gate, *, broken: Callable[[], str], cancelled: Callable[[], bool]) -> int:
    """Wait until the instance behind ``server`` is healthy. Returns how many times it was asked.

    ``broken`` says why the instance can no longer become healthy (it died), or "". Raises GateFailed.
    """
    from seawall.agent.asking import Answer

    deadline = time.monotonic() + gate.timeout
    asked, in_a_row = 0, 0
    answer = Answer(reason="was not asked")
    while time.monotonic() < deadline and not cancelled():
        answer = _ask(server, gate)
        asked += 1
        in_a_row = in_a_row + 1 if answer.healthy else 0
        if in_a_row >= gate.successes:
            return asked
        why = "" if answer.healthy else broken()
        if why:
            raise GateFailed(why, place=gate.path, remedy="mend the app; its last log lines are below")
        time.sleep(gate.interval if answer.healthy else max(gate.interval, 0.05))
    raise GateFailed(
        f"the health path {gate.path} {answer.describe()}; asked {asked} times in {gate.timeout:g} s",
        place=gate.path,
        remedy=_remedy(answer, gate),
    )


def healthy_now(server: Endpoint, gate: Gate) -> str:
    """What the health path answers right now: "healthy", or what is wrong."""
    answer = _ask(server, gate)
    return "healthy" if answer.healthy else answer.describe()


def through_front_door(front: FrontDoor, wanted: str, *, patience: float = 5.0) -> None:
    """Ask through the front server until ``wanted`` (a release's id) answers well. Raises FrontDoorFailed."""
    from seawall.agent.asking import at_front_door

    deadline = time.monotonic() + patience
    while True:
        answer = at_front_door(front, FRONT_TIMEOUT, PROBE)
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


def _ask(server: Endpoint, gate: Gate) -> Answer:
    from seawall.agent.asking import at_server

    forwarded = {"X-Forwarded-Proto": gate.scheme, "X-Forwarded-For": "127.0.0.1", **POLITE}
    return at_server(server, gate.host, gate.answer_timeout, gate.path, forwarded)


def _remedy(answer: Answer, gate: Gate) -> str:
    if 300 <= answer.status < 400:
        return "let the health path answer 200 itself, without a redirect, or set [health] path to one that does"
    if answer.status in (401, 403):
        return "the health path must answer without a login"
    if answer.status == 404:
        return f"add a route for {gate.path}, or set [health] path to one that the app has"
    if not answer.status:
        return (
            "mend the app: its last log lines are below. Does it serve by itself (app.run()) when it is imported? "
            "If it only starts slowly, raise [health] timeout"
        )
    return "mend the app (its last log lines are below), or raise [health] timeout if it only starts slowly"
