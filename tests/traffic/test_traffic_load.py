from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Callable
from typing import Any

import pytest
from scripted_server import (
    DROP,
    RESET,
    Hit,
    Reply,
    Script,
    ScriptedServer,
    always,
    page,
    running,
)

from seawall.traffic import Answer, Report, Request, TrafficPlan, run_traffic


def load(script: Script, **changes: Any) -> tuple[Report, ScriptedServer]:
    """Send 40 requests (or as planned) to a server that behaves as the script says."""

    async def go() -> tuple[Report, ScriptedServer]:
        async with running(script) as server:
            plan = TrafficPlan(server.url, **{"rate": 200, "seconds": 0.2, **changes})
            return await run_traffic(plan, asyncio.Event()), server

    return asyncio.run(go())


def whats(report: Report) -> set[str]:
    return {failure.what for failure in report.failures}


def scripted(choose: Callable[[Hit], Reply]) -> Script:
    async def script(hit: Hit) -> Reply:
        return choose(hit)

    return script


def test_a_server_that_answers_everything_has_no_failures() -> None:
    report, server = load(always(page()))
    assert (report.requests, report.failed, report.failures) == (40, 0, ())
    assert report.by_status == {200: 40}
    assert len(server.hits) == 40
    assert 0 < report.p50_ms <= report.p99_ms <= report.longest_stall_ms


def test_half_of_the_requests_open_a_connection_and_half_share_the_kept_ones() -> None:
    _, server = load(always(page()), connections=3)
    closing = [hit for hit in server.hits if "Connection: close" in hit.head]
    kept = [hit for hit in server.hits if "Connection: keep-alive" in hit.head]
    assert len(closing) == len(kept) == 20
    assert all(hit.nth == 0 for hit in closing)
    assert max(hit.nth for hit in kept) > 2


def test_without_kept_connections_every_request_opens_its_own() -> None:
    _, server = load(always(page()), keepalive=0)
    assert server.connections == 40


def test_with_kept_connections_alone_as_many_are_opened_as_planned_and_used_in_turn() -> None:
    _, server = load(always(page()), keepalive=1, connections=4, rate=50, seconds=0.8)
    assert server.connections >= 4
    first_four = [hit.connection for hit in server.hits[:4]]
    assert len(set(first_four)) == 4
    assert max(hit.nth for hit in server.hits) >= 1


@pytest.mark.parametrize("loss", [DROP, RESET])
def test_every_dropped_connection_is_a_failure(loss: Reply) -> None:
    report, server = load(scripted(lambda hit: loss if hit.number % 4 == 0 else page()), keepalive=0)
    assert (report.requests, report.failed, report.retried) == (40, 10, 0)
    assert report.by_status == {200: 30}
    assert len(server.hits) == 40


@pytest.mark.parametrize(
    "broken",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe!!0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\nhello",
        b"HTTP/1.1 20",
        b"SSH-2.0-server\r\n\r\n",
    ],
)
def test_an_answer_that_is_not_whole_is_a_failure_and_is_never_repeated(broken: bytes) -> None:
    report, server = load(always(Reply(broken, "close")), keepalive=0)
    assert (report.failed, report.requests, report.retried) == (40, 40, 0)
    assert len(server.hits) == 40

    def break_second(hit: Hit) -> Reply:
        return Reply(broken, "close") if hit.nth else page()

    report, server = load(scripted(break_second), keepalive=1, connections=1, rate=50, seconds=0.4)
    assert report.failed > 0
    assert (report.requests, report.retried, len(server.hits)) == (20, 0, 20)


@pytest.mark.parametrize(
    "whole",
    [
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n\r\nup to the end",
        b"HTTP/1.0 204 No Content\r\n\r\n",
        b"HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\n\r\n",
    ],
)
def test_every_way_to_frame_an_answer_is_understood(whole: bytes) -> None:
    report, _ = load(always(Reply(whole, "close")), keepalive=0)
    assert (report.failed, report.requests) == (0, 40), report.failures[:1]


def test_a_status_other_than_2xx_and_3xx_is_a_failure() -> None:
    bad = page(status="502 Bad Gateway")
    report, _ = load(scripted(lambda hit: bad if hit.number % 2 else page()))
    assert report.failed == 20
    assert whats(report) == {"status 502"}
    assert report.by_status == {200: 20, 502: 20}


def test_requests_keep_to_their_schedule_when_nobody_listens() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound, but not listening: refused
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/"
        report = asyncio.run(run_traffic(TrafficPlan(url, seconds=0.2), asyncio.Event()))
    assert (report.requests, report.failed) == (40, 40)
    assert whats(report) == {"connection refused"}
    assert report.failures[-1].at == 0.195


def test_a_request_that_takes_too_long_is_a_failure() -> None:
    async def never(_hit: Hit) -> Reply:
        await asyncio.sleep(30)
        return page()

    report, _ = load(never, seconds=0.05, timeout=0.1)
    assert (report.requests, report.failed) == (10, 10)
    assert whats(report) == {"no answer within 0.1 s"}


def test_a_stall_is_seen_in_full_and_by_all_who_wait_in_it() -> None:
    """A closed loop of two connections would never get 40 requests to wait at once."""
    waiting = asyncio.Semaphore(0)

    async def hold(hit: Hit) -> Reply:
        waiting.release()
        if hit.number == 0:
            for _ in range(40):
                await waiting.acquire()
            gate.set()
        await gate.wait()
        return page()

    gate = asyncio.Event()
    report, _ = load(hold, connections=2, timeout=30)
    assert report.failed == 0
    assert report.longest_stall_ms >= 190  # from the first request to the fortieth
    assert report.p50_ms < report.longest_stall_ms


def test_a_pause_of_300_ms_is_the_longest_stall() -> None:
    async def pause(hit: Hit) -> Reply:
        if hit.number == 7:
            await asyncio.sleep(0.3)
        return page()

    report, _ = load(pause)
    assert report.failed == 0
    assert report.longest_stall_ms >= 300
    assert report.p50_ms < 300


def test_latency_counts_from_when_a_request_was_due() -> None:
    """The generator's own delay is in the latencies, and is told apart."""
    blocked: list[Answer] = []

    def block_once(answer: Answer) -> None:
        if not blocked:
            blocked.append(answer)
            time.sleep(0.3)

    async def go() -> Report:
        async with running(always(page())) as server:
            plan = TrafficPlan(server.url, seconds=0.2)
            return await run_traffic(plan, asyncio.Event(), note=block_once)

    report = asyncio.run(go())
    assert report.requests == 40
    assert report.generator_lag_ms >= 200
    assert report.longest_stall_ms >= report.generator_lag_ms


def test_a_kept_connection_that_was_closed_between_requests_is_no_failure() -> None:
    async def quiet_close(hit: Hit) -> Reply:
        return page(then="close" if hit.nth else "keep")

    report, _ = load(quiet_close, keepalive=1, connections=1, rate=50, seconds=0.4)
    assert (report.requests, report.failed, report.retried) == (20, 0, 0)
    assert report.reopened > 0


def test_a_server_that_announces_its_close_is_taken_at_its_word() -> None:
    last = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
    report, server = load(always(Reply(last, "close")), keepalive=1, connections=1, rate=50, seconds=0.4)
    assert (report.failed, report.reopened, report.retried) == (0, 0, 0)
    assert server.connections == 20


def close_instead_of_second_answer(hit: Hit) -> Reply:
    return DROP if hit.nth else page()


def test_an_idempotent_request_on_a_kept_connection_is_repeated_once() -> None:
    report, server = load(scripted(close_instead_of_second_answer), keepalive=1, connections=1, rate=50, seconds=0.4)
    assert (report.requests, report.failed) == (20, 0)
    assert report.retried > 0
    assert len(server.hits) == 20 + report.retried


def test_a_post_is_never_repeated() -> None:
    report, server = load(
        scripted(close_instead_of_second_answer),
        keepalive=1,
        connections=1,
        rate=50,
        seconds=0.4,
        requests=(Request("POST", body="a=1"),),
    )
    assert report.retried == 0
    assert report.failed > 0
    assert len(server.hits) == 20


def test_a_repetition_that_is_lost_too_is_a_failure() -> None:
    report, server = load(
        scripted(lambda hit: page() if hit.number == 0 else DROP),
        keepalive=1,
        connections=1,
        rate=50,
        seconds=0.4,
    )
    assert (report.requests, report.failed, report.retried) == (20, 19, 1)
    assert len(server.hits) == 21


def test_a_mark_tells_when_a_new_version_went_live() -> None:
    report, _ = load(
        scripted(lambda hit: page(b"version 1.0" if hit.number < 25 else b"version 2.0")),
        mark=r"version ([\d.]+)",
    )
    old, new = report.mark("1.0"), report.mark("2.0")
    assert old is not None
    assert new is not None
    assert (old.count, new.count) == (25, 15)
    assert old.first < old.last
    assert new.first < new.last
    assert report.mark("3.0") is None


def test_a_mark_may_be_a_header() -> None:
    answer = b"HTTP/1.1 200 OK\r\nX-Release: 7f\r\nContent-Length: 0\r\n\r\n"
    report, _ = load(always(Reply(answer)), mark=r"X-Release: (\w+)")
    assert [mark.name for mark in report.marks] == ["7f"]


def test_the_requests_of_a_plan_take_turns_on_both_kinds_of_connection() -> None:
    mix = (Request(path="/a"), Request("POST", "/b", body="x=1"))
    _, server = load(always(page()), requests=mix)
    for kind in ("close", "keep-alive"):
        seen = [hit for hit in server.hits if f"Connection: {kind}" in hit.head]
        posts = [hit for hit in seen if (hit.method, hit.path, hit.body) == ("POST", "/b", b"x=1")]
        gets = [hit for hit in seen if (hit.method, hit.path) == ("GET", "/a")]
        assert len(posts) == len(gets) == 10


def test_a_stop_waits_for_the_answers_that_are_open() -> None:
    stop = asyncio.Event()

    async def stop_at_tenth(hit: Hit) -> Reply:
        if hit.number == 9:
            stop.set()
            await asyncio.sleep(0.1)
        return page()

    async def go() -> tuple[Report, int]:
        async with running(stop_at_tenth) as server:
            report = await run_traffic(TrafficPlan(server.url), stop)
            return report, len(server.hits)

    report, hits = asyncio.run(asyncio.wait_for(go(), 30))
    assert report.failed == 0
    assert report.requests == hits >= 10
