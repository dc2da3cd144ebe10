"""A small reverse proxy as an ASGI app; granian ends TLS before it.

It does what the nginx configuration does, through the same one link: each request connects anew to
``LIVE/web.sock``, so a rename of the link moves every later request to another release. It serves static files from
``LIVE/static/``. Where a release listens on TCP, ``LIVE/web.tcp`` says so. It lacks a request log, ids, limits, kept
pages, the project's error pages, WebSockets and a redirect from http.

The environment says what to do: ``SEAWALL_FRONT_LIVE`` (path of the link), ``SEAWALL_FRONT_STATIC`` (JSON, URL prefix
to mount), ``SEAWALL_FRONT_HOSTS`` (JSON, the host names it answers to, the first for the app) and
``SEAWALL_FRONT_HEADERS`` (JSON, the headers it adds unless the app sends them).
"""

from __future__ import annotations

import json
import mimetypes
import os
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, MutableMapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]

#: Meant for one connection only (RFC 9110 §7.6.1), or set by the server that frames the answer.
HOP_BY_HOP = {
    b"connection",
    b"keep-alive",
    b"proxy-connection",
    b"te",
    b"trailer",
    b"transfer-encoding",
    b"upgrade",
}
#: What the visitor may not say about himself: the front overwrites these.
FORWARDED = {b"forwarded", b"x-forwarded-for", b"x-forwarded-proto", b"x-forwarded-host", b"x-real-ip"}
#: Methods that no app needs and that show to a script what it should not see, or lead elsewhere.
MISCHIEF = {"TRACE", "TRACK", "CONNECT", "DEBUG"}
#: What nobody is shown: dot files anywhere, and sources and databases among static files.
DOT_FILE = re.compile(r"/\.(?!well-known/)")
SOURCE = re.compile(r"\.(py[cdiow]?|sqlite3?|db|sql|env|pem|key|bak|orig|rej|sw[op])$", re.IGNORECASE)
READ_TIMEOUT = 60.0
PIECE = 64 * 1024
#: How often one request may find nobody who listens.
ATTEMPTS = 4


@dataclass(frozen=True)
class Front:
    """The ASGI app."""

    live: Path
    static: dict[str, str]
    hosts: tuple[str, ...]
    app: httpx.AsyncHTTPTransport
    tcp: httpx.AsyncHTTPTransport
    headers: dict[str, str]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await _lifespan(receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1011, "reason": "this front carries no WebSockets"})
        else:
            await self._serve(scope, receive, self._with_headers(send))

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        if (refusal := self._refusal(scope)) is not None:
            await _answer(send, *refusal, [])
        elif (self.live.parent / "maintenance").exists():
            await _answer(send, 503, b"Down for maintenance, back soon.\n", [(b"retry-after", b"60")])
        elif (file := self._static_file(scope)) is not None:
            await _send_file(file, scope["method"], send)
        else:
            await self._forward(scope, receive, send)

    def _refusal(self, scope: Scope) -> tuple[int, bytes] | None:
        """Status and words for what nobody gets an answer to. A name that is not this machine's own is a trick of
        another site (DNS rebinding)."""
        if _host(scope) not in self.hosts:
            return 421, b"This is a site of another name.\n"
        if scope["method"] in MISCHIEF:
            return 405, b"This method is not for visitors.\n"
        path: str = scope["path"]
        if DOT_FILE.search(path) or (SOURCE.search(path) and any(path.startswith(prefix) for prefix in self.static)):
            return 404, b"There is no such page.\n"
        return None

    def _with_headers(self, send: Send) -> Send:
        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                own = {name for name, value in message["headers"] if value}
                added = [(name.lower().encode(), value.encode()) for name, value in self.headers.items()]
                message["headers"] = [*message["headers"], *(item for item in added if item[0] not in own)]
            await send(message)

        return sending

    def _static_file(self, scope: Scope) -> Path | None:
        if scope["method"] not in ("GET", "HEAD"):
            return None
        for prefix, mount in self.static.items():
            if scope["path"].startswith(prefix):
                return _file_in(self.live / "static" / mount, scope["path"].removeprefix(prefix))
        return None

    async def _forward(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = _body(receive) if _has_body(scope["headers"]) else None
        try:
            response = await self._ask(scope, body)
        except httpx.TransportError:
            await _answer(send, 502, b"The app did not answer.\n", [])
            return
        try:
            await self._send(response, scope, send)
        finally:  # the visitor may have gone away in the middle
            await response.aclose()

    async def _ask(self, scope: Scope, body: AsyncIterator[bytes] | None) -> httpx.Response:
        """Where nobody listens nothing was sent, and another release may be live by now. Raises TransportError."""
        for _ in range(ATTEMPTS - 1):
            with suppress(httpx.ConnectError):
                return await self._ask_once(scope, body)
        return await self._ask_once(scope, body)

    async def _ask_once(self, scope: Scope, body: AsyncIterator[bytes] | None) -> httpx.Response:
        app, authority = self._asked_at()
        url = httpx.URL(f"http://{authority}").copy_with(raw_path=_raw_path(scope))
        request = httpx.Request(scope["method"], url, headers=self._request_headers(scope), content=body)
        request.extensions["timeout"] = httpx.Timeout(READ_TIMEOUT).as_dict()
        return await app.handle_async_request(request)

    def _asked_at(self) -> tuple[httpx.AsyncHTTPTransport, str]:
        """Where the live release listens: its marker file ``web.tcp`` names an address, or it is the socket."""
        try:
            return self.tcp, (self.live / "web.tcp").read_text()
        except FileNotFoundError:
            return self.app, self.hosts[0]

    async def _send(self, response: httpx.Response, scope: Scope, send: Send) -> None:
        headers = [(n.lower(), v) for n, v in response.headers.raw if n.lower() not in HOP_BY_HOP]
        if _probed(scope):
            headers.append((b"x-seawall-release", self.live.readlink().name.encode()))
        await send({"type": "http.response.start", "status": response.status_code, "headers": headers})
        async for piece in _raw(response):
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b""})

    def _request_headers(self, scope: Scope) -> Headers:
        given = [(n, v) for n, v in scope["headers"] if n not in HOP_BY_HOP | FORWARDED]
        client = (scope.get("client") or ("", 0))[0].encode()
        return [
            *given,
            (b"x-forwarded-for", client),
            (b"x-real-ip", client),
            (b"x-forwarded-proto", scope["scheme"].encode()),
            (b"connection", b"close"),
        ]


def connecting(socket: Path | None = None) -> httpx.AsyncHTTPTransport:
    """Connects anew for each request, so that each goes where the link points by then. There is no TLS to verify."""
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=0)
    return httpx.AsyncHTTPTransport(uds=str(socket) if socket else None, limits=limits, verify=False)


def _probed(scope: Scope) -> bool:
    """Only this machine is told which release answered, and this front listens nowhere else."""
    return (b"x-seawall-probe", b"1") in scope["headers"]


def _host(scope: Scope) -> str:
    """The host name that was asked for, without a port (RFC 9110, 7.2)."""
    given = next((value.decode("latin-1").lower() for name, value in scope["headers"] if name == b"host"), "")
    return re.sub(r":\d+$", "", given)


def _raw_path(scope: Scope) -> bytes:
    path: bytes = scope.get("raw_path") or scope["path"].encode()
    query: bytes = scope.get("query_string", b"")
    return path.partition(b"?")[0] + (b"?" + query if query else b"")


def _has_body(headers: Iterable[tuple[bytes, bytes]]) -> bool:
    return any(name in (b"content-length", b"transfer-encoding") for name, _ in headers)


async def _body(receive: Receive) -> AsyncIterator[bytes]:
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return
        yield message.get("body", b"")
        if not message.get("more_body", False):
            return


def _file_in(folder: Path, path: str) -> Path | None:
    """The file at ``path``, unless there is none, it leads out of the folder, or no file can be called so."""
    try:
        root = folder.resolve()
        file = (root / path).resolve()
        return file if file.is_relative_to(root) and file.is_file() else None
    except (OSError, ValueError):  # a name too long, a NUL
        return None


async def _raw(response: httpx.Response) -> AsyncIterator[bytes]:
    stream = response.stream
    assert isinstance(stream, httpx.AsyncByteStream)  # noqa: S101 - it came from an async transport
    async for piece in stream:
        yield piece


async def _send_file(path: Path, method: str, send: Send) -> None:
    kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    headers = [
        (b"content-type", kind.encode()),
        (b"content-length", str(path.stat().st_size).encode()),
        (b"cache-control", b"no-cache"),
    ]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    if method == "GET":
        with path.open("rb") as file:
            while piece := file.read(PIECE):
                await send({"type": "http.response.body", "body": piece, "more_body": True})
    await send({"type": "http.response.body", "body": b""})


async def _answer(send: Send, status: int, text: bytes, headers: Headers) -> None:
    start = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", str(len(text)).encode()), *headers]
    await send({"type": "http.response.start", "status": status, "headers": start})
    await send({"type": "http.response.body", "body": text})


async def _lifespan(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return


def __getattr__(name: str) -> Front:
    """``app``, made when granian asks for it, so that importing this file needs no environment."""
    if name != "app":
        raise AttributeError(name)
    live = Path(os.environ["SEAWALL_FRONT_LIVE"])
    static = json.loads(os.environ["SEAWALL_FRONT_STATIC"])
    hosts = tuple(json.loads(os.environ["SEAWALL_FRONT_HOSTS"]))
    app = connecting(live / "web.sock")
    return Front(live, static, hosts, app, connecting(), json.loads(os.environ["SEAWALL_FRONT_HEADERS"]))
