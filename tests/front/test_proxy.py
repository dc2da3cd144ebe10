"""The tool's own front, called as granian calls it, before a real server on a unix socket."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from seawall.front import proxy
from seawall.front.proxy import Front, connecting

Headers = list[tuple[bytes, bytes]]
HOSTS = ("localhost", "127.0.0.1", "[::1]")
HEADERS = {"X-Content-Type-Options": "nosniff", "Content-Security-Policy": "default-src 'self'"}


class App:
    """A server that takes one connection at a time and answers with bytes as told; it keeps what it was sent."""

    def __init__(self, listener: socket.socket, answer: list[bytes]) -> None:
        self.answer = answer
        self.heard: list[bytes] = []
        self.go_on = threading.Semaphore(0)
        self.wait_between = False
        self._server = listener
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._server.accept()
            except OSError:
                return
            with connection:
                connection.settimeout(10)
                self.heard.append(self._request(connection))
                for piece in self.answer:
                    connection.sendall(piece)
                    if self.wait_between:
                        self.go_on.acquire(timeout=10)

    def _request(self, connection: socket.socket) -> bytes:
        data = b""
        while b"\r\n\r\n" not in data:
            data += connection.recv(65536)
        head, _, body = data.partition(b"\r\n\r\n")
        lower = head.lower()
        while b"transfer-encoding: chunked" in lower and not body.endswith(b"0\r\n\r\n"):
            body += connection.recv(65536)
        if b"content-length: " in lower:
            length = int(lower.partition(b"content-length: ")[2].partition(b"\r\n")[0])
            while len(body) < length:
                body += connection.recv(65536)
        return head + b"\r\n\r\n" + body

    @property
    def address(self) -> tuple[str, int]:
        host, port = self._server.getsockname()
        return host, port

    def close(self) -> None:
        self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        self._thread.join()


def on_socket(path: Path) -> socket.socket:
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(path))
    listener.listen(8)
    return listener


OK = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nConnection: close\r\n\r\n"
OK += b"hello"


@pytest.fixture
def live(tmp_path: Path) -> Path:
    release = tmp_path / "releases" / "v1"
    (release / "static" / "static" / "css").mkdir(parents=True)
    (release / "static" / "static" / "css" / "style.css").write_text("css")
    (release / "env").write_text("SECRET=x")
    link = tmp_path / "live"
    link.symlink_to("releases/v1")
    return link


@pytest.fixture
def app(live: Path) -> Iterator[App]:
    app = App(on_socket(live / "web.sock"), [OK])
    yield app
    app.close()


class Visit:
    """One request to the front and what came back."""

    def __init__(self, live: Path, path: str = "/", **options: Any) -> None:
        self.sent: list[dict[str, Any]] = []
        self._options = options
        self._front = Front(
            live,
            {"/static/": "static"},
            HOSTS,
            connecting(live / "web.sock"),
            options.get("tcp", connecting()),
            HEADERS,
        )
        self._scope = {
            "type": "http",
            "method": options.get("method", "GET"),
            "scheme": "https",
            "path": path,
            "raw_path": options.get("raw_path", path.encode()),
            "query_string": options.get("query", b""),
            "headers": options.get("headers", [(b"host", b"localhost:8443")]),
            "client": ("127.0.0.9", 5),
        }
        self._body = list(options.get("body", []))
        asyncio.run(self._go())

    async def _go(self) -> None:
        await self._front(self._scope, self._receive, self._send)

    async def _receive(self) -> dict[str, Any]:
        piece = self._body.pop(0) if self._body else b""
        return {"type": "http.request", "body": piece, "more_body": bool(self._body)}

    async def _send(self, message: Any) -> None:
        self.sent.append(message)
        if message.get("body") and "on_piece" in self._options:
            self._options["on_piece"](message["body"])

    @property
    def status(self) -> int:
        return int(self.sent[0]["status"])

    @property
    def headers(self) -> Headers:
        return list(self.sent[0]["headers"])

    @property
    def body(self) -> bytes:
        return b"".join(message.get("body", b"") for message in self.sent[1:])


def test_a_request_and_its_answer_pass_through_whole(live: Path, app: App) -> None:
    visit = Visit(live, "/a b", raw_path=b"/a%20b", query=b"q=%C3%BC")
    assert app.heard[0].startswith(b"GET /a%20b?q=%C3%BC HTTP/1.1\r\n")
    assert b"host: localhost:8443" in app.heard[0].lower()
    assert (visit.status, visit.body) == (200, b"hello")
    assert [value for name, value in visit.headers if name == b"set-cookie"] == [b"a=1", b"b=2"]
    assert not [name for name, _ in visit.headers if name in (b"connection", b"transfer-encoding")]


def test_a_visitor_cannot_say_where_he_comes_from(live: Path, app: App) -> None:
    forged = [
        (b"host", b"localhost"),
        (b"x-forwarded-for", b"1.1.1.1"),
        (b"x-forwarded-proto", b"http"),
        (b"x-forwarded-host", b"bank.example.com"),
        (b"x-real-ip", b"1.1.1.1"),
        (b"forwarded", b"for=1.1.1.1"),
    ]
    Visit(live, headers=forged)
    heard = app.heard[0].lower()
    assert b"1.1.1.1" not in heard
    assert b"bank" not in heard
    assert b"x-forwarded-for: 127.0.0.9\r\n" in heard
    assert b"x-real-ip: 127.0.0.9\r\n" in heard
    assert b"x-forwarded-proto: https\r\n" in heard


def test_headers_for_one_connection_are_not_passed_on(live: Path, app: App) -> None:
    Visit(
        live, headers=[(b"host", b"localhost"), (b"connection", b"keep-alive"), (b"te", b"trailers"), (b"accept", b"x")]
    )
    heard = app.heard[0].lower()
    assert b"keep-alive" not in heard
    assert b"\r\nte:" not in heard
    assert b"\r\naccept: x" in heard


@pytest.mark.parametrize("framing", [(b"content-length", b"6"), (b"transfer-encoding", b"chunked")])
def test_a_body_is_passed_on_as_it_was_framed(live: Path, app: App, framing: tuple[bytes, bytes]) -> None:
    Visit(live, method="POST", headers=[(b"host", b"localhost"), framing], body=[b"abc", b"def"])
    head, _, body = app.heard[0].partition(b"\r\n\r\n")
    assert head.startswith(b"POST / ")
    assert body in (b"abcdef", b"3\r\nabc\r\n3\r\ndef\r\n0\r\n\r\n")
    assert head.lower().count(b"content-length") + head.lower().count(b"transfer-encoding") == 1


def test_an_answer_is_passed_on_piece_by_piece_as_it_comes(live: Path, app: App) -> None:
    app.answer = [OK, b" you", b" there"]
    app.wait_between = True
    pieces: list[bytes] = []

    def next_please(piece: bytes) -> None:
        pieces.append(piece)
        app.go_on.release()

    assert Visit(live, on_piece=next_please).body == b"hello you there"
    assert pieces == [b"hello", b" you", b" there"]


def test_an_answer_that_breaks_off_is_not_passed_on_as_whole(live: Path, app: App) -> None:
    app.answer = [b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf"]
    sent: list[bytes] = []
    with pytest.raises(Exception, match=r"(?i)peer closed|incomplete"):
        Visit(live, on_piece=sent.append)
    assert sent in ([b"half"], [])


def test_an_app_that_is_not_there_is_a_bad_gateway(live: Path) -> None:
    assert Visit(live).status == 502


def test_each_request_goes_where_the_link_leads_then(live: Path, app: App) -> None:
    other = live.parent / "releases" / "v2"
    other.mkdir()
    second = App(on_socket(other / "web.sock"), [OK.replace(b"hello", b"again")])
    assert Visit(live).body == b"hello"
    fresh = live.parent / "fresh"
    fresh.symlink_to("releases/v2")
    fresh.rename(live)
    assert Visit(live).body == b"again"
    second.close()


def test_a_request_that_found_nobody_is_asked_of_the_release_that_is_live_by_then(live: Path, app: App) -> None:
    class Moving(httpx.AsyncHTTPTransport):
        """Its release ends between the look at the link and the connection; the next one is live by then."""

        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            (live / "web.tcp").unlink()
            raise httpx.ConnectError("nobody listens")

    (live / "web.tcp").write_text("127.0.0.1:1")
    visit = Visit(
        live, method="POST", body=[b"sent"], headers=[(b"host", b"localhost"), (b"content-length", b"4")], tcp=Moving()
    )
    assert (visit.status, visit.body) == (200, b"hello")


def test_only_who_asks_is_told_which_release_answered(live: Path, app: App) -> None:
    asked = Visit(live, headers=[(b"host", b"localhost"), (b"x-seawall-probe", b"1")])
    assert (b"x-seawall-release", b"v1") in asked.headers
    assert b"x-seawall-release" not in dict(Visit(live).headers)


def test_static_files_come_from_the_live_release(live: Path) -> None:
    visit = Visit(live, "/static/css/style.css")
    assert (visit.status, visit.body) == (200, b"css")
    assert dict(visit.headers)[b"content-type"] == b"text/css"
    assert dict(visit.headers)[b"content-length"] == b"3"
    head = Visit(live, "/static/css/style.css", method="HEAD")
    assert (head.status, head.body) == (200, b"")


@pytest.mark.parametrize(
    "path",
    [
        "/static//etc/passwd",
        "/static/",
        "/static/css",
        "/static/none.css",
        "/static/nul\0byte",
        "/static/" + "x" * 300,
        "/static/" + "x/" * 3000,
    ],
)
def test_nothing_but_static_files_is_served_as_one(live: Path, app: App, path: str) -> None:
    visit = Visit(live, path, raw_path=b"/asked")
    assert visit.body == b"hello", "the app is asked"


def test_a_link_in_the_static_folder_does_not_lead_out(live: Path, app: App) -> None:
    (live / "static" / "static" / "out").symlink_to("/etc/passwd")
    assert Visit(live, "/static/out").body == b"hello"


def test_other_methods_on_static_paths_go_to_the_app(live: Path, app: App) -> None:
    headers = [(b"host", b"localhost"), (b"content-length", b"0")]
    assert Visit(live, "/static/css/style.css", method="POST", headers=headers).body == b"hello"


def test_maintenance_is_for_everybody(live: Path, app: App) -> None:
    (live.parent / "maintenance").touch()
    for path in ("/", "/static/css/style.css"):
        visit = Visit(live, path)
        assert visit.status == 503
        assert dict(visit.headers)[b"retry-after"] == b"60"
    assert app.heard == []


@pytest.mark.parametrize("path", ["/", "/static/css/style.css", "/.env"])
def test_every_answer_has_the_headers(live: Path, app: App, path: str) -> None:
    headers = dict(Visit(live, path).headers)
    assert headers[b"x-content-type-options"] == b"nosniff"
    assert headers[b"content-security-policy"] == b"default-src 'self'"


def test_the_apps_own_header_wins(live: Path, app: App) -> None:
    app.answer = [OK.replace(b"Set-Cookie: a=1", b"Content-SECURITY-Policy: default-src 'none'")]
    policies = [value for name, value in Visit(live).headers if name == b"content-security-policy"]
    assert policies == [b"default-src 'none'"]


@pytest.mark.parametrize("host", [b"evil.example:8443", b"localhost.evil.example", b"203.0.113.5", b""])
def test_another_name_than_this_machines_own_is_refused(live: Path, app: App, host: bytes) -> None:
    assert Visit(live, headers=[(b"host", host)]).status == 421
    assert app.heard == []


@pytest.mark.parametrize("host", [b"localhost", b"LOCALHOST:8443", b"127.0.0.1:8443", b"[::1]:8443", b"[::1]"])
def test_this_machines_own_names_are_served(live: Path, app: App, host: bytes) -> None:
    assert Visit(live, headers=[(b"host", host)]).status == 200


@pytest.mark.parametrize("method", ["TRACE", "TRACK", "DEBUG"])
def test_methods_for_mischief_never_reach_the_app(live: Path, app: App, method: str) -> None:
    assert Visit(live, method=method).status == 405
    assert app.heard == []


@pytest.mark.parametrize(
    "path",
    [
        "/.env",
        "/.git/config",
        "/static/.env",
        "/static/app.py",
        "/static/DB.SQLITE3",
        "/static/../../env",
        "/static/css/../../../env",
    ],
)
def test_dot_files_and_sources_are_not_found(live: Path, app: App, path: str) -> None:
    (live / "static/static/app.py").write_text("not for visitors")
    assert Visit(live, path).status == 404
    assert app.heard == []


def test_well_known_paths_and_words_with_dots_reach_the_app(live: Path, app: App) -> None:
    for path in ("/.well-known/security.txt", "/a.b/c.py"):
        assert Visit(live, path).body == b"hello"


def test_a_release_that_listens_on_tcp_is_asked_where_its_folder_says(live: Path, app: App) -> None:
    """And with the next release, by one rename of the link, on its socket again."""
    on_tcp = App(socket.create_server(("127.0.0.1", 0)), [OK.replace(b"hello", b"by tcp")])
    host, port = on_tcp.address
    release = live.parent / "releases/v2"
    release.mkdir()
    (release / "web.tcp").write_text(f"{host}:{port}")
    assert Visit(live).body == b"hello"
    live.unlink()
    live.symlink_to("releases/v2")
    assert Visit(live).body == b"by tcp"
    assert b"\r\nhost: localhost:8443\r\n" in on_tcp.heard[0]
    on_tcp.close()


def test_websockets_are_refused_plainly(live: Path) -> None:
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> dict[str, Any]:
        return {"type": "websocket.connect"}

    front = Front(live, {}, HOSTS, connecting(live / "web.sock"), connecting(), {})
    asyncio.run(front({"type": "websocket", "path": "/"}, receive, send))
    assert sent == [{"type": "websocket.close", "code": 1011, "reason": "this front carries no WebSockets"}]


def test_it_is_made_from_its_environment_when_it_is_asked_for(live: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEAWALL_FRONT_LIVE", str(live))
    monkeypatch.setenv("SEAWALL_FRONT_STATIC", json.dumps({"/s/": "s"}))
    monkeypatch.setenv("SEAWALL_FRONT_HOSTS", json.dumps(HOSTS))
    monkeypatch.setenv("SEAWALL_FRONT_HEADERS", json.dumps(HEADERS))
    assert (proxy.app.live, proxy.app.static, proxy.app.hosts) == (live, {"/s/": "s"}, HOSTS)
    assert proxy.app.headers == HEADERS
    with pytest.raises(AttributeError):
        proxy.nothing  # noqa: B018
