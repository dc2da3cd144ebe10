"""Run as a program: a local port that leads to a site's port 443 through TLS, for a client that cannot name the site.

    python tunnel.py NAME ADDRESS CA_FILE

It prints the port, and ends when it is told to.
"""

import asyncio
import ssl
import sys
from contextlib import suppress


async def main(name: str, address: str, ca_file: str) -> None:
    trust = ssl.create_default_context(cafile=ca_file)

    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            far_reader, far_writer = await asyncio.open_connection(address, 443, ssl=trust, server_hostname=name)
            ways = [asyncio.create_task(pour(reader, far_writer)), asyncio.create_task(pour(far_reader, writer))]
            # Whichever side ends, both do.
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            for way in ways:
                way.cancel()
            far_writer.transport.abort()
        writer.transport.abort()

    server = await asyncio.start_server(carry, "127.0.0.1", 0, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


async def pour(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await source.read(65536):
            sink.write(data)
            await sink.drain()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
