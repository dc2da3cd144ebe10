"""The load itself: a clock that starts requests, and two ways to send them."""

from __future__ import annotations

import asyncio
import re
import ssl
import time
from collections import deque
from collections.abc import Awaitable, Callable, Iterator
from itertools import count, cycle

from seawall.traffic.plan import Request, TrafficPlan, encode
from seawall.traffic.report import Report, Tally
from seawall.traffic.wire import Answer, BrokenAnswer, Connection, Unanswered, describe

Note = Callable[[Answer], str | None]
"""Looks at an answer and may name who gave it."""

Way = Callable[[Request], Awaitable[Answer]]


async def run_traffic(
    plan: TrafficPlan,
    stop: asyncio.Event,
    *,
    note: Note | None = None,
    first_done: Callable[[], None] = lambda: None,
) -> Report:
    """Send the plan's requests until its time is over or ``stop`` is set, then wait for open answers.

    ``note`` replaces the plan's mark. ``first_done`` is called once the first request has ended.
    Raises OSError or ssl.SSLError if the plan's ``ca_file`` cannot be read.
    """
    load = _Load(plan, note or _mark_finder(plan.mark), first_done)
    pacing = asyncio.ensure_future(load.pace())
    stopping = asyncio.ensure_future(stop.wait())
    await asyncio.wait({pacing, stopping}, return_when=asyncio.FIRST_COMPLETED)
    pacing.cancel()
    stopping.cancel()
    await asyncio.gather(pacing, stopping, return_exceptions=True)
    return await load.finish()


class _Load:
    def __init__(self, plan: TrafficPlan, note: Note, first_done: Callable[[], None]) -> None:
        self._plan = plan
        self._note = note
        self._first_done = first_done
        self._tally = Tally()
        self._wire = _Wire(plan, self._tally)
        self._tasks: set[asyncio.Task[None]] = set()
        self._clock = asyncio.get_running_loop().time
        self._started_at = time.time()
        self._start = self._clock()

    def _now(self) -> float:
        """Seconds after the start."""
        return self._clock() - self._start

    async def pace(self) -> None:
        """Start each request when it is due, whatever became of the ones before."""
        plan = self._plan
        fresh = (self._wire.over_fresh, cycle(plan.requests))
        kept = (self._wire.over_kept, cycle(plan.requests))
        for number, keep in enumerate(_spread(plan.keepalive)):
            due = number / plan.rate
            if plan.seconds is not None and due >= plan.seconds:
                return
            await asyncio.sleep(max(0.0, due - self._now()))
            way, requests = kept if keep else fresh
            task = asyncio.create_task(self._send(way, next(requests), due))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _send(self, way: Way, request: Request, due: float) -> None:
        tally = self._tally
        tally.lag = max(tally.lag, self._now() - due)
        try:
            async with asyncio.timeout(self._plan.timeout):
                answer = await way(request)
        except TimeoutError:
            tally.fail(due, self._now(), f"no answer within {self._plan.timeout:g} s")
        except (Unanswered, BrokenAnswer, OSError) as error:
            tally.fail(due, self._now(), describe(error))
        else:
            self._judge(answer, due)
        self._first_done()
        self._first_done = lambda: None

    def _judge(self, answer: Answer, due: float) -> None:
        now = self._now()
        self._tally.status(answer.status)
        if 200 <= answer.status < 400:
            self._tally.answered(due, now)
        else:
            self._tally.fail(due, now, f"status {answer.status}")
        name = self._note(answer)
        if name is not None:
            self._tally.marked(name, now)

    async def finish(self) -> Report:
        if self._tasks:
            await asyncio.wait(self._tasks)
        seconds = self._now()
        await self._wire.close()
        return self._tally.report(self._started_at, seconds)


class _Wire:
    """The connections of a load: single ones, and kept ones used in turn."""

    def __init__(self, plan: TrafficPlan, tally: Tally) -> None:
        self._plan = plan
        self._tally = tally
        self._tls = _tls(plan)
        self._host = plan.resolve_to or plan.address.hostname or ""
        self._idle: deque[Connection] = deque()
        self._alive = 0  # kept connections, idle or busy
        self._closing: set[asyncio.Task[None]] = set()
        self._fresh = {request: encode(plan, request, "close") for request in plan.requests}
        self._kept = {request: encode(plan, request, "keep-alive") for request in plan.requests}

    async def over_fresh(self, request: Request) -> Answer:
        """Open a connection for this request alone."""
        connection = await self._open()
        try:
            return await connection.exchange(self._fresh[request], request.method)
        finally:
            self._close(connection)

    async def over_kept(self, request: Request) -> Answer:
        """Use a kept connection, by the rule in this package's docstring."""
        connection = self._take_idle()
        if connection is not None:
            try:
                return await self._exchange_kept(connection, request)
            except Unanswered:
                if not request.idempotent:
                    raise
                self._tally.retried += 1
        connection = await self._open()
        self._alive += 1
        return await self._exchange_kept(connection, request)

    def _take_idle(self) -> Connection | None:
        """The connection that has rested longest, once as many as planned are open."""
        if self._alive < self._plan.connections:
            return None
        while self._idle:
            connection = self._idle.popleft()
            if connection.usable:
                return connection
            self._tally.reopened += 1
            self._alive -= 1
            self._close(connection)
        return None

    async def _exchange_kept(self, connection: Connection, request: Request) -> Answer:
        keeps_open = False
        try:
            answer = await connection.exchange(self._kept[request], request.method)
            keeps_open = answer.keeps_open and self._alive <= self._plan.connections
            return answer
        finally:
            if keeps_open:
                self._idle.append(connection)
            else:
                self._alive -= 1
                self._close(connection)

    async def _open(self) -> Connection:
        return await Connection.open(
            self._host,
            self._plan.port,
            tls=self._tls,
            server_name=self._plan.address.hostname or "",
        )

    def _close(self, connection: Connection) -> None:
        task = asyncio.create_task(connection.close())
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

    async def close(self) -> None:
        while self._idle:
            self._close(self._idle.popleft())
        if self._closing:
            await asyncio.wait(self._closing)


def _tls(plan: TrafficPlan) -> ssl.SSLContext | None:
    """One context for all connections: reading the trust store costs far more than a handshake."""
    if plan.address.scheme == "http":
        return None
    context = ssl.create_default_context(cafile=plan.ca_file or None)
    context.set_alpn_protocols(["http/1.1"])
    return context


def _spread(share: float) -> Iterator[bool]:
    """True for this share of all numbers, as evenly as can be."""
    return (int((number + 1) * share) > int(number * share) for number in count())


def _mark_finder(pattern: str) -> Note:
    if not pattern:
        return lambda _answer: None
    expression = re.compile(pattern.encode())

    def find(answer: Answer) -> str | None:
        found = expression.search(answer.head) or expression.search(answer.body)
        if found is None:
            return None
        return (found[1] if expression.groups else found[0]).decode(errors="replace")

    return find
