"""A TCP proxy that makes a near server far: it adds a round-trip time, and takes no throughput away.

    with delayed("10.231.0.11", 22, round_trip=0.05) as port:
        ...  # 127.0.0.1:<port> now behaves like that server at a distance of 50 ms

or, from a shell:

    python bench/proxy.py --to 10.231.0.11:22 --listen 127.0.0.1:2222 --round-trip-ms 50

Every chunk is held for half the round trip, whatever came before it, so what is in flight overlaps as on a long cable.
The handshake is charged too. Over a cable, a client's first byte reaches the server one and a half round trips after
`connect` began; here `connect` returns at once, so the server is called only after that time.
"""

import argparse
import asyncio
import contextlib
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass

CHUNK = 64 * 1024  # bytes
MOST_IN_FLIGHT = 1024  # chunks a direction; beyond that the sender waits, as with a full window
END = b""


@dataclass(frozen=True)
class Route:
    """Where connections go, and how far away it seems."""

    host: str
    port: int
    round_trip: float  # seconds

    async def serve(self, listen_host: str, listen_port: int) -> asyncio.Server:
        """Starts listening; port 0 takes a free one."""
        connections: set[asyncio.Task[None]] = set()

        # A plain function, since asyncio before 3.12 reports a cancelled coroutine here as an error.
        def accept(near_in: asyncio.StreamReader, near_out: asyncio.StreamWriter) -> None:
            connection = asyncio.create_task(self._join(near_in, near_out))
            connections.add(connection)
            connection.add_done_callback(connections.discard)

        return await asyncio.start_server(accept, listen_host, listen_port)

    async def _join(self, near_in: asyncio.StreamReader, near_out: asyncio.StreamWriter) -> None:
        """Carries one client's connection until both directions have ended or either side is gone."""
        with contextlib.suppress(OSError):
            async with _closing(near_out):
                await asyncio.sleep(1.5 * self.round_trip)
                far_in, far_out = await asyncio.open_connection(self.host, self.port)
                async with _closing(far_out):
                    await self._carry_both(near_in, near_out, far_in, far_out)

    async def _carry_both(
        self,
        near_in: asyncio.StreamReader,
        near_out: asyncio.StreamWriter,
        far_in: asyncio.StreamReader,
        far_out: asyncio.StreamWriter,
    ) -> None:
        """Carries both directions; raises the OSError of the first that is broken."""
        try:
            async with asyncio.TaskGroup() as directions:
                directions.create_task(self._carry(near_in, far_out))
                directions.create_task(self._carry(far_in, near_out))
        except* OSError as broken:
            raise ConnectionError("one side broke the connection") from broken

    async def _carry(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        """Moves bytes one way, each chunk half a round trip after it came, then the end of the stream."""
        clock = asyncio.get_running_loop().time
        in_flight: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(MOST_IN_FLIGHT)

        async def take() -> None:
            chunk = None
            while chunk != END:
                chunk = await source.read(CHUNK)
                await in_flight.put((clock() + self.round_trip / 2, chunk))

        async def deliver() -> None:
            while True:
                due, chunk = await in_flight.get()
                await asyncio.sleep(max(0.0, due - clock()))
                if chunk == END:
                    sink.write_eof()
                    return
                sink.write(chunk)
                await sink.drain()

        async with asyncio.TaskGroup() as ends:
            ends.create_task(take())
            ends.create_task(deliver())


@contextlib.asynccontextmanager
async def _closing(writer: asyncio.StreamWriter) -> AsyncIterator[None]:
    """Closes the connection afterwards: in good order, or at once if the block failed or was cancelled."""
    try:
        yield
    except BaseException:
        writer.transport.abort()
        raise
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


@contextlib.contextmanager
def delayed(host: str, port: int, round_trip: float = 0.05) -> Iterator[int]:
    """A local port behind which `host:port` seems `round_trip` seconds away, as long as the context lasts."""
    loop = asyncio.new_event_loop()
    server = loop.run_until_complete(Route(host, port, round_trip).serve("127.0.0.1", 0))
    thread = threading.Thread(target=loop.run_forever, name="delaying-proxy")
    thread.start()
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        asyncio.run_coroutine_threadsafe(_shut(server), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _shut(server: asyncio.Server) -> None:
    """Stops listening and ends what still runs."""
    server.close()
    running = asyncio.all_tasks() - {asyncio.current_task()}
    for task in running:
        task.cancel()
    await asyncio.gather(*running, return_exceptions=True)


async def _serve_for_ever(route: Route, listen_host: str, listen_port: int) -> None:
    server = await route.serve(listen_host, listen_port)
    name = server.sockets[0].getsockname()
    milliseconds = route.round_trip * 1000
    print(f"{name[0]}:{name[1]} is {route.host}:{route.port} at {milliseconds:g} ms", file=sys.stderr, flush=True)
    async with server:
        await server.serve_forever()


def _address(text: str) -> tuple[str, int]:
    host, separator, port = text.rpartition(":")
    if not separator or not port.isdigit():
        raise argparse.ArgumentTypeError(f"{text!r} is not HOST:PORT")
    return host, int(port)


def main() -> None:
    parser = argparse.ArgumentParser(description="Adds a round-trip time in front of a server.")
    parser.add_argument("--to", type=_address, required=True, metavar="HOST:PORT")
    parser.add_argument("--listen", type=_address, default=("127.0.0.1", 0), metavar="HOST:PORT")
    parser.add_argument("--round-trip-ms", type=float, default=50.0, metavar="MS")
    options = parser.parse_args()
    host, port = options.to
    route = Route(host, port, options.round_trip_ms / 1000)
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_serve_for_ever(route, *options.listen))


if __name__ == "__main__":
    main()
