"""The load on a release's own server, against real servers on real sockets."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from seawall.agent import load
from seawall.agent.endpoint import Endpoint

HEADERS = {"Host": "localhost", "Connection": "close"}
WELL = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + b"x" * 100_000


@contextmanager
def server(path: Path, answer: Callable[[socket.socket], None]) -> Iterator[Endpoint]:
    """Answers each connection in a thread of its own, then closes it."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listening:
        listening.bind(str(path))
        listening.listen(64)

        def serve() -> None:
            while True:
                try:
                    sock, _ = listening.accept()
                except OSError:
                    return
                threading.Thread(target=_answered, args=(sock, answer), daemon=True).start()

        threading.Thread(target=serve, daemon=True).start()
        yield Endpoint(path)
        listening.shutdown(socket.SHUT_RDWR)


def _answered(sock: socket.socket, answer: Callable[[socket.socket], None]) -> None:
    with sock:
        try:
            answer(sock)
        except OSError:
            return


def saying(data: bytes, after: float = 0.0) -> Callable[[socket.socket], None]:
    def answer(sock: socket.socket) -> None:
        sock.recv(65536)
        time.sleep(after)
        sock.sendall(data)

    return answer


def run(there: Endpoint, visitors: int = 4, seconds: float = 0.5, *, stopped: bool = False) -> load.Report:
    question = load.request(there, "/a?b=c", HEADERS)
    return load.run(there, question, visitors=visitors, seconds=seconds, stopped=lambda: stopped)


def test_whole_answers_are_counted_and_timed(tmp_path: Path) -> None:
    with server(tmp_path / "s", saying(WELL, after=0.05)) as there:
        report = run(there)
    assert report.failed == 0
    assert 4 <= report.requests <= 4 * report.seconds / 0.05
    assert 50 <= report.p50_ms <= report.p99_ms


def test_a_generator_that_is_at_its_limit_says_so(tmp_path: Path) -> None:
    """All its time goes into asking, and none into waiting: one that waits for answers is hardly busy."""
    with server(tmp_path / "quick", saying(WELL)) as there:
        at_work = run(there)
    with server(tmp_path / "slow", saying(WELL, after=0.2)) as there:
        waiting = run(there)
    assert waiting.busy < at_work.busy <= 1


def test_so_many_ask_at_once_and_no_more(tmp_path: Path) -> None:
    at_once, most = 0, 0
    lock = threading.Lock()

    def answer(sock: socket.socket) -> None:
        nonlocal at_once, most
        with lock:
            at_once += 1
            most = max(most, at_once)
        time.sleep(0.03)
        with lock:
            at_once -= 1
        sock.recv(65536)
        sock.sendall(WELL)

    with server(tmp_path / "s", answer) as there:
        run(there, visitors=5)
    assert most == 5


@pytest.mark.parametrize(
    ("said", "failure"),
    [
        (b"HTTP/1.1 500 Oh\r\n\r\n", "answered 500"),
        (b"HTTP/1.0 404 No\r\n\r\n", "answered 404"),
        (b"", "closed without an answer"),
    ],
)
def test_other_answers_have_failed_and_are_named(tmp_path: Path, said: bytes, failure: str) -> None:
    with server(tmp_path / "s", saying(said, after=0.01)) as there:
        report = run(there, seconds=0.2)
    assert report.requests == 0
    assert report.failed > 0
    assert report.failures == [failure]


def test_a_server_that_is_not_there_is_asked_and_every_try_has_failed(tmp_path: Path) -> None:
    report = run(Endpoint(tmp_path / "nobody"), seconds=0.2)
    assert (report.requests, report.failures) == (0, ["could not be reached: No such file or directory"])
    assert report.failed >= 4


def test_a_server_that_comes_back_is_found_again(tmp_path: Path) -> None:
    there = Endpoint(tmp_path / "s")
    found: list[load.Report] = []
    asking = threading.Thread(target=lambda: found.append(run(there, visitors=2, seconds=1.0)))
    asking.start()
    time.sleep(0.2)
    with server(tmp_path / "s", saying(WELL)):
        asking.join()
    assert found[0].failed > 0
    assert found[0].requests > 0


def test_it_ends_when_the_person_has_gone(tmp_path: Path) -> None:
    with server(tmp_path / "s", saying(WELL)) as there:
        assert run(there, seconds=3600, stopped=True).requests == 0


def test_a_server_that_never_answers_does_not_hold_it_up(tmp_path: Path) -> None:
    with server(tmp_path / "s", saying(WELL, after=5)) as there:
        report = run(there, seconds=0.3)
    assert (report.requests, report.failed) == (0, 0)
    assert report.seconds < 2


def test_a_question_is_asked_in_the_servers_own_protocol(tmp_path: Path) -> None:
    plain = load.request(Endpoint(tmp_path), "/a?b=c", HEADERS)
    assert plain == b"GET /a?b=c HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    packed = load.request(Endpoint(tmp_path, speaks="uwsgi"), "/a?b=c", HEADERS)
    assert packed[0] == 0
    assert b"QUERY_STRING\x03\x00b=c" in packed
