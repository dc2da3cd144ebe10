"""A question in uwsgi's own protocol (uwsgi-docs, Protocol.rst); the answer to it is plain HTTP.

A packet is a head of four bytes (modifier 0 for a WSGI request, the size as 16 bits little-endian, modifier 0) and
the variables of the request, each name and each value with its size in 16 bits before it.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from urllib.parse import unquote_to_bytes


def packet(url: str, headers: Mapping[str, str]) -> bytes:
    """A GET for ``url`` (path and query) with these headers."""
    body = b"".join(_sized(name.encode()) + _sized(value) for name, value in _variables(url, headers))
    return struct.pack("<BHB", 0, len(body), 0) + body


def _variables(url: str, headers: Mapping[str, str]) -> Iterator[tuple[str, bytes]]:
    path, _, query = url.partition("?")
    yield "REQUEST_METHOD", b"GET"
    yield "REQUEST_URI", url.encode()
    yield "PATH_INFO", unquote_to_bytes(path)
    yield "QUERY_STRING", query.encode()
    yield "SERVER_PROTOCOL", b"HTTP/1.1"
    yield "SERVER_NAME", headers["Host"].encode()
    yield "SERVER_PORT", b"443" if headers.get("X-Forwarded-Proto") == "https" else b"80"
    yield "REMOTE_ADDR", b"127.0.0.1"
    for name, value in headers.items():
        yield "HTTP_" + name.upper().replace("-", "_"), value.encode()


def _sized(data: bytes) -> bytes:
    return struct.pack("<H", len(data)) + data
