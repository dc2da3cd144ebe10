"""A thousand slow visitors, and whether the others notice.

Half of them send a request a byte each second, half take an answer of 100 kB a byte each second. Whoever is sent away
comes back.
"""

import asyncio
import contextlib
import socket
import sys

VISITORS = 1000
PAUSE = 1.0  # seconds between two bytes
HEAD = b"GET /hello HTTP/1.1\r\nHost: bench\r\nUser-Agent: " + b"slow" * 500
ASK = b"GET /stream HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n"
#: What the kernel may keep of an answer that nobody takes, in bytes; it doubles this (socket(7)).
RECEIVE_BUFFER = 2048


async def _send_slowly(connection: socket.socket) -> None:
    loop = asyncio.get_running_loop()
    for byte in HEAD:
        await loop.sock_sendall(connection, bytes([byte]))
        await asyncio.sleep(PAUSE)


async def _take_slowly(connection: socket.socket) -> None:
    loop = asyncio.get_running_loop()
    await loop.sock_sendall(connection, ASK)
    while await loop.sock_recv(connection, 1):
        await asyncio.sleep(PAUSE)


async def _visit(address: str, port: int, number: int) -> None:
    what = _send_slowly if number % 2 else _take_slowly
    await asyncio.sleep(number / VISITORS)
    while True:
        with contextlib.suppress(OSError), socket.socket() as connection:
            connection.setblocking(False)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
            await asyncio.get_running_loop().sock_connect(connection, (address, port))
            await what(connection)
        await asyncio.sleep(PAUSE)


async def _all(address: str, port: int) -> None:
    async with asyncio.TaskGroup() as visitors:
        for number in range(VISITORS):
            visitors.create_task(_visit(address, port, number))


if __name__ == "__main__":
    asyncio.run(_all(sys.argv[1], int(sys.argv[2])))
