"""A mail server and a webhook that keep what they are sent."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import Message
from email.policy import default
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword

from ..certificates.making import Pair

PASSWORD = "correct horse"


@dataclass
class Letters:
    """A mail server's memory: who each message was for, and the message. ``refused`` are addresses it does not take."""

    refused: tuple[str, ...] = ()
    answer: str = "250 OK queued as 4711"
    heard: list[tuple[str, list[str], Message]] = field(default_factory=list)
    logins: list[str] = field(default_factory=list)

    async def handle_RCPT(self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any) -> str:
        if address in self.refused:
            return "550 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:
        letter = message_from_bytes(envelope.content, policy=default)
        self.heard.append((envelope.mail_from, list(envelope.rcpt_tos), letter))
        return self.answer

    def authenticate(self, _server: Any, _session: Any, _envelope: Any, _mechanism: str, data: Any) -> AuthResult:
        assert isinstance(data, LoginPassword)
        self.logins.append(data.login.decode())
        return AuthResult(success=data.password == PASSWORD.encode(), handled=False)


def context(pair: Pair, folder: Path) -> ssl.SSLContext:
    """How a server with this certificate talks TLS."""
    path = folder / "server.pem"
    path.write_bytes(pair.key() + pair.pem)
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(path)
    return made


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as made:
        return int(made.getsockname()[1])


@contextmanager
def mail_server(
    letters: Letters,
    tls: ssl.SSLContext | None = None,
    *,
    implicit: bool = False,
    login: bool = False,
    address: str = "127.0.0.1",
) -> Iterator[int]:
    """A mail server on a port of this address; with ``tls`` it insists on it."""
    port = free_port()
    options: dict[str, Any] = {"ssl_context": tls} if implicit else {"tls_context": tls, "require_starttls": bool(tls)}
    if login:
        options |= {
            "authenticator": letters.authenticate,
            "auth_required": not implicit,
            "auth_require_tls": not implicit,
        }
    controller = Controller(letters, hostname=address, port=port, **options)
    controller.start()
    try:
        yield port
    finally:
        controller.stop()


@dataclass
class Posts:
    """A webhook's memory, and what it answers."""

    status: int = 200
    location: str = ""
    heard: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)

    def __call__(self, handler: BaseHTTPRequestHandler) -> None:
        body = handler.rfile.read(int(handler.headers["Content-Length"]))
        self.heard.append((handler.path, dict(handler.headers), body))
        handler.send_response(self.status)
        if self.location:
            handler.send_header("Location", self.location)
        handler.end_headers()
        handler.wfile.write(b"taken" if self.status == 200 else f"not at {handler.path}".encode())
