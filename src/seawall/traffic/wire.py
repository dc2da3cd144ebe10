"""As much of an HTTP/1.1 client as is needed to tell a whole answer from a broken one (RFC 9112)."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Iterable
from dataclasses import dataclass
from typing import SupportsIndex

HEAD_LIMIT = 256 * 1024  # bytes of an answer's head, or of one chunk-size line


class BrokenAnswer(Exception):
    """The answer began but is not whole, or is not HTTP."""


class Unanswered(Exception):
    """The connection ended before one byte of an answer came."""


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    head: bytes
    body: bytes
    keeps_open: bool

    def headers(self, name: str) -> list[str]:
        """The values of all headers of this name."""
        wanted = name.lower().encode()
        lines = (line.partition(b":") for line in self.head.split(b"\r\n")[1:])
        return [v.strip().decode("latin-1") for n, _, v in lines if n.lower() == wanted]


class CountingReader(asyncio.StreamReader):
    """A stream that knows how many bytes ever arrived, read or not."""

    def __init__(self) -> None:
        super().__init__(limit=HEAD_LIMIT)
        self.arrived = 0

    def feed_data(self, data: Iterable[SupportsIndex]) -> None:
        chunk = bytes(data)
        self.arrived += len(chunk)
        super().feed_data(chunk)


class Connection:
    """One connection to the server; one exchange at a time."""

    def __init__(self, reader: CountingReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._arrived = 0  # when the last exchange was over

    @classmethod
    async def open(cls, host: str, port: int, *, tls: ssl.SSLContext | None, server_name: str) -> Connection:
        """Connect. Raises OSError (ssl.SSLError is one) if that fails."""
        loop = asyncio.get_running_loop()
        reader = CountingReader()
        protocol = asyncio.StreamReaderProtocol(reader)
        if tls is None:
            transport, _ = await loop.create_connection(lambda: protocol, host, port)
        else:
            transport, _ = await loop.create_connection(
                lambda: protocol,
                host,
                port,
                ssl=tls,
                server_hostname=server_name,
                ssl_shutdown_timeout=1.0,
            )
        return cls(reader, asyncio.StreamWriter(transport, protocol, reader, loop))

    @property
    def usable(self) -> bool:
        """Whether the server has left it open and said nothing unasked."""
        reader = self._reader
        quiet = reader.arrived == self._arrived and not reader.at_eof()
        return quiet and reader.exception() is None and not self._writer.is_closing()

    async def exchange(self, payload: bytes, method: str) -> Answer:
        """Send a request and read the whole answer. Raises Unanswered or BrokenAnswer."""
        before = self._reader.arrived
        try:
            self._writer.write(payload)
            await self._writer.drain()
            answer = await _read_answer(self._reader, method)
        except asyncio.LimitOverrunError as error:
            raise BrokenAnswer("the head of the answer does not end") from error
        except (asyncio.IncompleteReadError, OSError) as error:
            what = _describe_end(error)
            if self._reader.arrived == before:
                raise Unanswered(what) from error
            raise BrokenAnswer(f"short answer: {what}") from error
        self._arrived = self._reader.arrived
        return answer

    async def close(self) -> None:
        """Close politely; after a second, at once."""
        self._writer.close()
        try:
            async with asyncio.timeout(1.0):
                await self._writer.wait_closed()
        except OSError:  # TimeoutError is one
            self._writer.transport.abort()


async def _read_answer(reader: asyncio.StreamReader, method: str) -> Answer:
    head = b""
    status = 100
    while 100 <= status < 200 and status != 101:  # interim answers precede the final one
        head = (await reader.readuntil(b"\r\n\r\n"))[:-4]
        status = _status(head)
    fields = _fields(head)
    coding = fields.get(b"transfer-encoding", b"").lower()
    length = fields.get(b"content-length")
    framed = True
    if method == "HEAD" or status in (204, 304):
        body = b""
    elif coding:
        if not coding.endswith(b"chunked"):
            raise BrokenAnswer(f"unknown transfer coding {coding!r}")
        body = await _read_chunks(reader)
    elif length is not None:
        body = await reader.readexactly(_number(length, 10))
    else:
        framed, body = False, await reader.read()
    closes = b"close" in fields.get(b"connection", b"").lower() or head.startswith(b"HTTP/1.0")
    return Answer(status, head, body, keeps_open=framed and not closes)


async def _read_chunks(reader: asyncio.StreamReader) -> bytes:
    chunks = []
    while size := _number((await reader.readuntil(b"\r\n")).split(b";")[0], 16):
        chunks.append(await reader.readexactly(size))
        if await reader.readexactly(2) != b"\r\n":
            raise BrokenAnswer("a chunk is longer than it says")
    while await reader.readuntil(b"\r\n") != b"\r\n":  # trailers
        pass
    return b"".join(chunks)


def _status(head: bytes) -> int:
    words = head.split(b" ", 2)
    if not head.startswith(b"HTTP/1.") or len(words) < 2 or not words[1][:3].isdigit():
        raise BrokenAnswer(f"not an HTTP/1.1 answer: {head[:40]!r}")
    return int(words[1][:3])


def _fields(head: bytes) -> dict[bytes, bytes]:
    lines = (line.partition(b":") for line in head.split(b"\r\n")[1:])
    return {name.strip().lower(): value.strip() for name, _, value in lines}


def _number(text: bytes, base: int) -> int:
    try:
        number = int(text.strip(), base)
    except ValueError:
        number = -1
    if number < 0:
        raise BrokenAnswer(f"not a length: {text[:20]!r}")
    return number


def _describe_end(error: Exception) -> str:
    if isinstance(error, asyncio.IncompleteReadError):
        wanted = "" if error.expected is None else f" after {len(error.partial)} of {error.expected} bytes"
        return f"connection closed{wanted}"
    return describe(error)


def describe(error: Exception) -> str:
    """An error of the network in a few words."""
    if isinstance(error, ConnectionRefusedError):
        return "connection refused"
    if isinstance(error, ConnectionError):
        return "connection reset"
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"TLS: certificate not trusted ({error.verify_message})"
    if isinstance(error, ssl.SSLError):
        return f"TLS: {error.reason or error}"
    if isinstance(error, OSError):
        return f"cannot connect: {error.strerror or error}"
    return str(error)
