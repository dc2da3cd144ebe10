"""An HTTP server that misbehaves exactly as a test tells it to."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Hit:
    """One request as the server saw it; all numbers count from 0."""

    number: int
    connection: int
    nth: int  # on its connection
    method: str
    path: str
    head: str
    body: bytes


@dataclass(frozen=True)
class Reply:
    data: bytes
    then: str = "keep"  # or "close" or "reset"


def page(body: bytes = b"hello", status: str = "200 OK", then: str = "keep") -> Reply:
    head = f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n\r\n"
    return Reply(head.encode() + body, then)


DROP = Reply(b"", "close")
RESET = Reply(b"", "reset")

Script = Callable[[Hit], Awaitable[Reply]]


def always(reply: Reply) -> Script:
    async def script(_hit: Hit) -> Reply:
        return reply

    return script


@dataclass
class ScriptedServer:
    script: Script
    url: str = ""
    hits: list[Hit] = field(default_factory=list)
    connections: int = 0
    _writers: set[asyncio.StreamWriter] = field(default_factory=set)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection, nth = self.connections, 0
        self.connections += 1
        self._writers.add(writer)
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while await self._exchange(reader, writer, connection, nth):
                nth += 1
        self._writers.discard(writer)
        writer.close()

    async def _exchange(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        connection: int,
        nth: int,
    ) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        length = next((int(line[15:]) for line in head.splitlines() if line.startswith("Content-Length:")), 0)
        body = await reader.readexactly(length)
        method, path = head.split(" ")[:2]
        hit = Hit(len(self.hits), connection, nth, method, path, head, body)
        self.hits.append(hit)
        reply = await self.script(hit)
        writer.write(reply.data)
        if reply.then == "reset":
            writer.transport.abort()
        else:
            await writer.drain()
        return reply.then == "keep"

    def abort(self) -> None:
        for writer in self._writers:
            writer.transport.abort()


@contextlib.asynccontextmanager
async def running(script: Script, tls: ssl.SSLContext | None = None) -> AsyncIterator[ScriptedServer]:
    scripted = ScriptedServer(script)
    server = await asyncio.start_server(scripted.serve, "127.0.0.1", 0, ssl=tls)
    port = server.sockets[0].getsockname()[1]
    scripted.url = f"{'https' if tls else 'http'}://127.0.0.1:{port}/"
    try:
        yield scripted
    finally:
        server.close()
        scripted.abort()
        await server.wait_closed()
        await asyncio.sleep(0.05)  # let the aborted connections end
