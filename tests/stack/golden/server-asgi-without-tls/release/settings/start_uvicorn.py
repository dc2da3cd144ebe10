"""Starts uvicorn for guestbook, release @RELEASE@. Written by seawall from seawall.toml.

The service manager listens and hands the socket over as file descriptor 3.
Every setting: https://uvicorn.dev/settings/
"""

import importlib
import multiprocessing
import os
import signal
import socket
import sys
import threading
import traceback

from uvicorn import Config, Server

# A worker that ends with this has its master end, too (uvicorn.config, STARTUP_FAILURE).
CANNOT_START = 3


def application():
    """The app, loaded in each worker; it is looked up from the working directory, not from this file's."""
    master = multiprocessing.parent_process()
    if master is not None:
        threading.Thread(target=follow, args=(master,), daemon=True).start()
    sys.path[0] = os.getcwd()
    try:
        module = importlib.import_module("chat.main")
        return reading_all(module.app)
    except Exception:
        # It would be the same the next time: the master ends, too.
        traceback.print_exc()
        raise SystemExit(CANNOT_START) from None


def reading_all(app):
    """The app; before an answer that is all there, it reads what the app left unread of the request's body, or the
    connection would break before the answer has arrived. Once it has begun, a front server sends no more of the body.
    """

    async def asked(scope, receive, send):
        if scope["type"] != "http":
            await app(scope, receive, send)
            return
        unread = any(name in (b"content-length", b"transfer-encoding") for name, _ in scope["headers"])
        begun = None

        async def reading():
            nonlocal unread
            message = await receive()
            unread = message.get("more_body", False)
            return message

        async def sending(message):
            nonlocal begun
            if message["type"] == "http.response.start":
                begun = message
                return
            if begun is not None:
                while unread and not message.get("more_body", False):
                    await reading()
                await send(begun)
                begun = None
            await send(message)

        await app(scope, reading, sending)

    return asked


def follow(master):
    """Ends a worker whose master has died, when its requests are answered."""
    master.join()
    os.kill(os.getpid(), signal.SIGTERM)


def main():
    config = Config(
        application,
        factory=True,
        workers=1,
        backlog=2048,
        timeout_keep_alive=2,
        # Seconds for the requests under way once it was asked to stop.
        timeout_graceful_shutdown=30,
        # Only the front server can connect, and it overwrites these headers itself.
        proxy_headers=True,
        forwarded_allow_ips="*",
        server_header=False,
        # The front server logs the requests.
        access_log=False,
    )
    sockets = [socket.socket(fileno=3)]
    server = Server(config)
    server.run(sockets)
    if not server.started:
        sys.exit(CANNOT_START)


if __name__ == "__main__":
    main()
