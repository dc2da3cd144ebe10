"""What goes around an app in the generated files: what it leaves unread of a body is read before the answer begins."""

from __future__ import annotations

import ast
import asyncio
import io
from collections.abc import Callable
from typing import Any

import pytest

from stack.server_cases import made

Message = dict[str, Any]


def reading_all(**server: Any) -> Callable[..., Any]:
    """The function as it stands in a generated file."""
    (file,) = made(**server).files
    (function,) = [
        node
        for node in ast.parse(file.content).body
        if isinstance(node, ast.FunctionDef) and node.name == "reading_all"
    ]
    found: dict[str, Any] = {}
    exec(compile(ast.Module([function], []), file.name, "exec"), found)  # noqa: S102 - our own template
    wrapper: Callable[..., Any] = found["reading_all"]
    return wrapper


# --- WSGI


def asked(body: bytes, headers: list[tuple[str, str]]) -> tuple[list[bytes], bytes]:
    """The answer of an app that reads nothing, and what is left of the body when the answer begins."""

    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        start_response("413 Too Large", headers)
        return [b"no"]

    stream = io.BytesIO(body)
    environ = {"CONTENT_LENGTH": str(len(body)), "wsgi.input": stream}
    answer = reading_all(kind="granian")(app)(environ, lambda *_: None)
    return list(answer), stream.read()


def test_a_wsgi_app_may_leave_a_body_unread() -> None:
    assert asked(b"x" * 200_000, [("Content-Length", "2")]) == ([b"no"], b"")


def test_an_answer_without_an_end_is_not_held_up_and_may_read_the_body_itself() -> None:
    assert asked(b"body", []) == ([b"no"], b"body")


# --- ASGI


def talked(app: Callable[..., Any], body: list[bytes], *, scope: Message | None = None, **server: Any) -> list[str]:
    """What an app and its server say to each other, in order."""
    said: list[str] = []
    left = [{"type": "http.request", "body": piece, "more_body": True} for piece in body[:-1]]
    left += [{"type": "http.request", "body": piece, "more_body": False} for piece in body[-1:]]

    async def receive() -> Message:
        said.append("receive")
        return left.pop(0) if left else {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        said.append(message["type"].removeprefix("http.response.") + ("+" if message.get("more_body") else ""))

    given = scope or {"type": "http", "headers": [(b"content-length", b"9")] if body else []}
    asyncio.run(reading_all(interface="asgi", **server)(app)(given, receive, send))
    return said


async def refusing(scope: Message, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 413})
    await send({"type": "http.response.body", "body": b"no"})


async def streaming(scope: Message, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200})
    await send({"type": "http.response.body", "body": b"a", "more_body": True})
    await receive()
    await send({"type": "http.response.body", "body": b"b"})


async def reading(scope: Message, receive: Any, send: Any) -> None:
    while (await receive()).get("more_body"):
        pass
    await refusing(scope, receive, send)


KINDS = [{"kind": "granian"}, {"kind": "uvicorn"}, {"kind": "gunicorn"}, {"kind": "gunicorn", "worker": "uvicorn"}]


@pytest.mark.parametrize("server", KINDS)
def test_an_asgi_app_may_leave_a_body_unread(server: dict[str, str]) -> None:
    assert talked(refusing, [b"1", b"2"], **server) == ["receive", "receive", "start", "body"]


def test_an_app_that_reads_the_body_is_not_read_for() -> None:
    assert talked(reading, [b"1", b"2"], kind="granian") == ["receive", "receive", "start", "body"]


def test_a_request_without_a_body_is_answered_at_once() -> None:
    assert talked(refusing, [], kind="granian") == ["start", "body"]


def test_a_visitor_who_goes_away_in_the_middle_is_no_longer_read() -> None:
    scope = {"type": "http", "headers": [(b"transfer-encoding", b"chunked")]}
    assert talked(refusing, [], scope=scope, kind="granian") == ["receive", "start", "body"]


def test_an_answer_that_streams_begins_at_once() -> None:
    assert talked(streaming, [b"1", b"2"], kind="granian") == ["start", "body+", "receive", "body"]


def test_what_is_no_request_is_passed_on() -> None:
    async def app(scope: Message, receive: Any, send: Any) -> None:
        await send({"type": "websocket.accept"})

    assert talked(app, [b""], scope={"type": "websocket"}, kind="granian") == ["websocket.accept"]
