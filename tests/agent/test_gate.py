"""Only a release that answers well several times in a row passes; every other is refused with the reason."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from agent.http_servers import answers, in_turn, on_port, on_socket, uwsgi_on
from seawall.agent import gate
from seawall.agent.endpoint import Endpoint
from seawall.agent.errors import FrontDoorFailed, GateFailed
from seawall.agent.vocabulary import FrontDoor, Gate

GATE = Gate("/health", "shop.example.com", successes=3, interval=0.01, answer_timeout=0.2, timeout=0.6)
PATIENT = replace(GATE, timeout=30.0)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "v1.sock"


@pytest.fixture
def over() -> Iterator[threading.Event]:
    """Set at the end, for servers that hang."""
    event = threading.Event()
    yield event
    event.set()


def ask(path: Path, wanted: Gate = GATE, why: str = "") -> int:
    return gate.through_socket(Endpoint(path), wanted, broken=lambda: why, cancelled=lambda: False)


def test_a_healthy_release_is_asked_as_often_as_configured(path: Path) -> None:
    with on_socket(path, answers(200)):
        assert ask(path, PATIENT) == 3
        assert ask(path, replace(PATIENT, successes=1)) == 1


def test_a_release_that_comes_up_late_is_waited_for(path: Path) -> None:
    with on_socket(path, in_turn(answers(503), answers(503), answers(204))):
        assert ask(path, PATIENT) == 5


def test_a_flapping_release_must_answer_well_without_a_break(path: Path) -> None:
    with on_socket(path, in_turn(answers(200), answers(200), answers(500), answers(200))):
        assert ask(path, PATIENT) == 6


@pytest.mark.parametrize(
    ("behaviour", "fact", "remedy"),
    [
        (answers(500), "answered 500", "mend the app"),
        (answers(302, Location="/health"), r"answered 302 Found \(a redirect to /health\)", "without a redirect"),
        (answers(403), "answered 403", "without a login"),
        (answers(404), "answered 404", "add a route"),
    ],
    ids=["500", "a redirect for ever", "forbidden", "not found"],
)
def test_a_bad_answer_is_refused_with_what_it_was(path: Path, behaviour: object, fact: str, remedy: str) -> None:
    with on_socket(path, behaviour), pytest.raises(GateFailed, match=fact) as caught:  # type: ignore[arg-type]
        ask(path)
    assert remedy in caught.value.remedy
    assert caught.value.place == "/health"


def test_a_release_that_hangs_is_refused(path: Path, over: threading.Event) -> None:
    with (
        on_socket(path, lambda _: over.wait(20) and None),
        pytest.raises(GateFailed, match=r"did not answer within 0\.2 s"),
    ):
        ask(path)


def test_an_answer_that_drips_for_ever_is_no_answer(path: Path, over: threading.Event) -> None:
    def drip(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()
        while not over.wait(0.05):
            handler.wfile.write(b".")

    with on_socket(path, drip), pytest.raises(GateFailed, match=r"did not answer within 0\.2 s"):
        ask(path)


def test_nobody_listening_is_refused_and_said(path: Path) -> None:
    with pytest.raises(GateFailed, match="could not be reached"):
        ask(path)


def test_a_connection_that_ends_without_an_answer_is_refused(path: Path) -> None:
    with on_socket(path, lambda handler: handler.connection.close()), pytest.raises(GateFailed, match="/health"):
        ask(path)


def test_a_release_that_died_is_refused_at_once_with_why(path: Path) -> None:
    begun = time.monotonic()
    with pytest.raises(GateFailed, match="exit status 3"):
        ask(path, replace(GATE, timeout=600), why="web does not stay up (exit status 3)")
    assert time.monotonic() - begun < 300


def test_who_stops_waiting_is_heard(path: Path) -> None:
    asked = iter([False, True])
    with on_socket(path, answers(500)), pytest.raises(GateFailed, match="asked 1 times"):
        gate.through_socket(Endpoint(path), PATIENT, broken=lambda: "", cancelled=lambda: next(asked))


def test_the_app_is_asked_as_a_visitor_of_its_domain_over_https(path: Path) -> None:
    seen: dict[str, str] = {}

    def note(handler: BaseHTTPRequestHandler) -> None:
        seen.update(handler.headers.items())
        answers(200)(handler)

    with on_socket(path, note):
        ask(path)
    assert seen["Host"] == "shop.example.com"
    assert seen["X-Forwarded-Proto"] == "https"
    assert seen["Connection"] == "close"
    assert seen["User-Agent"] == "seawall-gate"


def test_a_server_on_tcp_is_asked_there(path: Path) -> None:
    with on_port(answers(200)) as port:
        server = Endpoint(path, "127.0.0.1", port)
        assert gate.through_socket(server, PATIENT, broken=lambda: "", cancelled=lambda: False) == 3


def test_a_server_that_speaks_uwsgi_is_asked_in_its_protocol(path: Path) -> None:
    """What was sent is read by the rules of the protocol, apart from the code that wrote it."""
    heard: dict[bytes, bytes] = {}
    with uwsgi_on(path, heard, b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\nwell"):
        wanted = replace(PATIENT, path="/he%20alth?deep=1", successes=1)
        assert gate.through_socket(in_uwsgi(path), wanted, broken=lambda: "", cancelled=lambda: False) == 1
    assert heard[b"REQUEST_METHOD"] == b"GET"
    assert heard[b"REQUEST_URI"] == b"/he%20alth?deep=1"
    assert (heard[b"PATH_INFO"], heard[b"QUERY_STRING"]) == (b"/he alth", b"deep=1")
    assert heard[b"HTTP_HOST"] == heard[b"SERVER_NAME"] == b"shop.example.com"
    assert (heard[b"HTTP_X_FORWARDED_PROTO"], heard[b"SERVER_PORT"]) == (b"https", b"443")
    assert heard[b"HTTP_USER_AGENT"] == b"seawall-gate"


@pytest.mark.parametrize(
    ("said", "fact"),
    [
        (b"HTTP/1.1 500 Internal Server Error\r\n\r\n", "answered 500 Internal Server Error"),
        (b"", "could not be reached"),
        (b"\x00\x05\x00\x00hello", "could not be reached"),
    ],
    ids=["500", "nothing", "no HTTP"],
)
def test_a_bad_answer_of_a_server_that_speaks_uwsgi_is_refused(path: Path, said: bytes, fact: str) -> None:
    with uwsgi_on(path, {}, said), pytest.raises(GateFailed, match=fact):
        gate.through_socket(in_uwsgi(path), GATE, broken=lambda: "", cancelled=lambda: False)


def in_uwsgi(path: Path) -> Endpoint:
    return Endpoint(path, speaks="uwsgi")


def front(port: int) -> FrontDoor:
    return FrontDoor("127.0.0.1", port, False, "shop.example.com", "/health")


def test_the_front_door_counts_only_if_the_new_release_answered() -> None:
    late = in_turn(answers(502), answers(200, X_Seawall_Release="v1"), answers(200, X_Seawall_Release="v2"))
    with on_port(late) as port:
        gate.through_front_door(front(port), "v2")


@pytest.mark.parametrize(
    ("behaviour", "fact"),
    [
        (answers(200, X_Seawall_Release="v1"), "answered 200 OK, from v1"),
        (answers(200), "from another site"),
        (answers(502), "answered 502"),
    ],
    ids=["the old release", "another site", "a bad gateway"],
)
def test_any_other_answer_at_the_front_door_is_refused(behaviour: object, fact: str) -> None:
    with on_port(behaviour) as port, pytest.raises(FrontDoorFailed, match=fact):  # type: ignore[arg-type]
        gate.through_front_door(front(port), "v2", patience=0.1)


def test_health_right_now_is_one_question(path: Path) -> None:
    with on_socket(path, in_turn(answers(200), answers(500))):
        assert gate.healthy_now(Endpoint(path), GATE) == "healthy"
        assert gate.healthy_now(Endpoint(path), GATE).startswith("answered 500")
