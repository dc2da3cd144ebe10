"""Starts waitress for guestbook, release @RELEASE@. Written by seawall from seawall.toml.

The service manager listens and hands the socket over as file descriptor 3. On TERM no connection is accepted any more,
and the process ends when those there are have their answers.
Every setting: https://docs.pylonsproject.org/projects/waitress/en/stable/arguments.html
"""

import importlib
import logging
import os
import signal
import socket
import sys
import time

from waitress import create_server

THREADS = 16
# Seconds for the requests under way once it was asked to stop.
GRACEFUL_TIMEOUT = 30


def application():
    """The app; it is looked up from the working directory, not from this file's."""
    sys.path[0] = os.getcwd()
    module = importlib.import_module("guestbook")
    return module.create_app()


def main():
    # A request that waits for a thread is no cause for a line in the log.
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)
    server = create_server(
        application(),
        sockets=[socket.socket(fileno=3)],
        threads=THREADS,
        backlog=2048,
        ident=None,
        # Only the front server can connect, and it overwrites these headers itself.
        trusted_proxy="*",
        trusted_proxy_headers=["x-forwarded-for", "x-forwarded-proto"],
        clear_untrusted_proxy_headers=False,
    )
    asked_to_stop = []

    def stop(*_):
        asked_to_stop.append(time.monotonic())
        server.pull_trigger()  # wakes the loop

    signal.signal(signal.SIGTERM, stop)
    while not asked_to_stop:
        turn(server)
    server.accepting = False
    while owes_answers(server) and time.monotonic() < asked_to_stop[0] + GRACEFUL_TIMEOUT:
        turn(server)


def turn(server):
    """One turn of waitress's own loop, at most a second long."""
    server.asyncore.loop(timeout=1, map=server._map, count=1)


def owes_answers(server):
    """Whether a connection is open; one that has had its answers is told to close."""
    for channel in list(server.active_channels.values()):
        idle = not (channel.requests or channel.request or channel.total_outbufs_len)
        if idle and channel.last_activity > channel.creation_time:
            channel.will_close = True
    return bool(server.active_channels)


if __name__ == "__main__":
    main()
