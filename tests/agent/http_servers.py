"""Small HTTP servers in threads, on unix sockets and ports, that answer as told."""

from __future__ import annotations

import socketserver
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

#: Answers a request: called with the handler.
Behaviour = Callable[[BaseHTTPRequestHandler], None]


def answers(status: int, **headers: str) -> Behaviour:
    def behave(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()
        handler.wfile.write(b"said")

    return behave


def in_turn(*behaviours: Behaviour) -> Behaviour:
    """Each request gets the next behaviour, the last one for ever."""
    left = list(behaviours)

    def behave(handler: BaseHTTPRequestHandler) -> None:
        (left.pop(0) if len(left) > 1 else left[0])(handler)

    return behave


class _UnixServer(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True
    request_queue_size = 64


class _PortServer(socketserver.ThreadingMixIn, socketserver.TCPServer):
    daemon_threads = True
    allow_reuse_address = True


def _handler(behave: Behaviour) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            try:
                behave(self)
            except (BrokenPipeError, ConnectionResetError):
                self.close_connection = True

        do_POST = do_GET

        def log_message(self, *_: Any) -> None:
            """Nobody reads it."""

        def address_string(self) -> str:
            return "unix"

    return Handler


@contextmanager
def _serving(server: socketserver.BaseServer) -> Iterator[None]:
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def on_socket(path: Path, behave: Behaviour) -> Iterator[None]:
    with _serving(_UnixServer(str(path), _handler(behave))):
        yield
    path.unlink(missing_ok=True)


@contextmanager
def uwsgi_on(path: Path, heard: dict[bytes, bytes], said: bytes) -> Iterator[None]:
    """A server of uwsgi's protocol, which notes the variables of each request and says the same to all."""

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            modifier, size, other = struct.unpack("<BHB", self.rfile.read(4))
            assert (modifier, other) == (0, 0)
            left = self.rfile.read(size)
            while left:
                name, left = _text(left)
                heard[name], left = _text(left)
            self.wfile.write(said)

    with _serving(_UnixServer(str(path), Handler)):
        yield
    path.unlink(missing_ok=True)


def _text(data: bytes) -> tuple[bytes, bytes]:
    """The first text with its size before it, and what follows it."""
    (size,) = struct.unpack_from("<H", data)
    return data[2 : 2 + size], data[2 + size :]


@contextmanager
def on_port(behave: Behaviour, tls: ssl.SSLContext | None = None, address: str = "127.0.0.1") -> Iterator[int]:
    server = _PortServer((address, 0), _handler(behave))
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    with _serving(server):
        yield int(server.server_address[1])
