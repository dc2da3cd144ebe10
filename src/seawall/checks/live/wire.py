"""Asking a site over the network: one connection a question, with whatever name, method and headers it takes.

Certificates are judged once, as a finding of their own; the questions themselves go through whatever the site shows,
so that a site with an expired certificate can still be looked at. They carry nothing secret.
"""

from __future__ import annotations

import http.client
import socket
import ssl
import time

from seawall.checks.live.seen import Answer, Request, Site, Slow

#: Seconds that one step of an exchange may take.
PATIENCE = 6.0
#: The most that is read of a body, bytes.
MOST = 512 * 1024
AGENT = "seawall-check"
#: How long a client that drips is watched, seconds: nginx's default for a header is 60, ours is 10.
DRIP = 16.0


def connect(site: Site, *, plain: bool = False, name: str = "") -> socket.socket:
    """A connection, with TLS unless it is plain; ``name`` is what TLS asks for (SNI). Raises OSError."""
    encrypted = site.https and not plain
    there = socket.create_connection((site.address, site.port if encrypted else site.http_port), PATIENCE)
    if not encrypted:
        return there
    try:
        return trusting_anybody().wrap_socket(there, server_hostname=name or site.domain)
    except (OSError, ValueError):
        there.close()
        raise


def trusting_anybody() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def ask(site: Site, request: Request) -> Answer:
    """Put one question; what goes wrong is part of the answer."""
    said = request.words(site)
    scheme = "http" if request.plain or not site.https else "https"
    url = f"{site.base_of(scheme)}{request.target}"
    connection = http.client.HTTPConnection(site.domain, timeout=PATIENCE)
    try:
        alias = request.host if request.host in site.aliases else ""
        connection.sock = connect(site, plain=request.plain, name=alias)
        connection.putrequest(request.method, request.target, skip_host=True, skip_accept_encoding=True)
        for name, value in _headers(site, request):
            connection.putheader(name, value)
        connection.endheaders()
        response = connection.getresponse()
        body = _body(response).decode(errors="replace")
        return Answer(said, url, response.status, tuple(response.getheaders()), body)
    except TimeoutError:
        return Answer(said, url, error=f"no answer within {PATIENCE:g} s")
    except (OSError, http.client.HTTPException, ValueError) as error:
        return Answer(said, url, error=_why(error))
    finally:
        connection.close()


def _body(response: http.client.HTTPResponse) -> bytes:
    """What comes of a body within its time; nothing of a stream of events, which need not end."""
    data = b""
    if response.headers.get_content_type() == "text/event-stream":
        return data
    deadline = time.monotonic() + PATIENCE
    while len(data) < MOST and time.monotonic() < deadline:
        part = response.read1(MOST - len(data))
        if not part:
            break
        data += part
    return data


def _headers(site: Site, request: Request) -> list[tuple[str, str]]:
    headers = [("User-Agent", AGENT), ("Accept", "*/*"), ("Connection", "close"), *request.headers]
    own = [] if request.bare else [("Host", request.host or _authority(site, request))]
    return [*own, *headers]


def _authority(site: Site, request: Request) -> str:
    return site.base_of("http" if request.plain or not site.https else "https").partition("://")[2]


def _why(error: Exception) -> str:
    if isinstance(error, ssl.SSLError):
        return f"TLS failed: {(error.reason or str(error)).replace('_', ' ').lower()}"
    if isinstance(error, http.client.RemoteDisconnected | ConnectionResetError | BrokenPipeError):
        return "the connection was closed without an answer"
    if isinstance(error, ConnectionRefusedError):
        return "the connection was refused"
    return str(error) or type(error).__name__


def takes_connections(address: str, port: int, patience: float = 1.0) -> bool:
    """Whether something listens there that lets this machine in."""
    try:
        with socket.create_connection((address, port), patience):
            return True
    except OSError:
        return False


def speaks_tls_as(site: Site, name: str) -> bool | None:
    """Whether the site completes a TLS handshake for a name; None if it cannot be reached."""
    try:
        connect(site, name=name).close()
    except ssl.SSLError:
        return False
    except (ConnectionResetError, BrokenPipeError):
        return False
    except OSError:
        return None
    return True


def drip(site: Site, seconds: float) -> Slow | None:
    """Send a request's header a byte a second, and see how long the site puts up with it, at most so many seconds; None
    if it is not there, or there is no time."""
    if not seconds:
        return None
    try:
        there = connect(site)
    except OSError:
        return None
    begun = time.monotonic()
    with there:
        try:
            there.sendall(f"GET / HTTP/1.1\r\nHost: {site.domain}\r\nX-Slow: ".encode())
            there.settimeout(1.0)
            while time.monotonic() - begun < seconds:
                there.sendall(b"a")
                if _answered(there):
                    return Slow(True, time.monotonic() - begun)
        except OSError:
            return Slow(True, time.monotonic() - begun)
    return Slow(False, time.monotonic() - begun)


def _answered(there: socket.socket) -> bool:
    """Whether an answer or the end comes within the socket's patience."""
    try:
        there.recv(1024)
    except TimeoutError:
        return False
    return True
