"""Starts granian for guestbook, release @RELEASE@. Written by seawall from seawall.toml.

The service manager listens and hands the socket over as file descriptor 3.
Every setting: https://github.com/emmett-framework/granian
"""

import importlib
import multiprocessing
import os
import signal
import socket
import sys
import threading

from granian.constants import Interfaces
from granian.net import SocketHolder
from granian.server import Server
from granian.utils.proxies import wrap_wsgi_with_proxy_headers


class Inherited(Server):
    """granian on a socket that is there already."""

    _bind_addr_fmt = "file descriptor 3"

    def _init_shared_socket(self):
        self._sso = socket.socket(fileno=3)
        self._sso.set_inheritable(True)
        self._sfd = 3
        self._shd = SocketHolder(3, self._sso.family == socket.AF_UNIX, self.backlog)


def application():
    """The app, loaded in each worker; it is looked up from the working directory, not from this file's."""
    threading.Thread(target=follow, args=(multiprocessing.parent_process(),), daemon=True).start()
    sys.path[0] = os.getcwd()
    module = importlib.import_module("guestbook.web")
    # Only the front server can connect, and it overwrites these headers itself.
    return wrap_wsgi_with_proxy_headers(reading_all(module.create_app('a "b"', debug=False)), "*")


def with_default_signals():
    """Has workers begin without the master's handler of TERM, which in them would only swallow it."""
    master = os.getpid()

    def mask(how):
        if os.getpid() == master:
            signal.pthread_sigmask(how, {signal.SIGTERM})

    def begin():
        if os.getppid() == master:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})

    os.register_at_fork(
        before=lambda: mask(signal.SIG_BLOCK), after_in_parent=lambda: mask(signal.SIG_UNBLOCK), after_in_child=begin
    )


def reading_all(app):
    """The app; before an answer of a known length, it reads what the app left unread of the request's body, or the
    connection would break before the answer has arrived. Once it has begun, a front server sends no more of the body.
    """

    def asked(environ, start_response):
        lengths = []

        def start(status, headers, exc_info=None):
            lengths[:] = [value for name, value in headers if name.lower() == "content-length"]
            return start_response(status, headers, exc_info)

        answer = app(environ, start)
        if lengths and (environ.get("CONTENT_LENGTH") or environ.get("HTTP_TRANSFER_ENCODING")):
            while environ["wsgi.input"].read(65536):
                pass
        return answer

    return asked


def follow(master):
    """Ends a worker whose master has died, when its requests are answered."""
    master.join()
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    with_default_signals()
    Inherited(
        "guestbook",
        interface=Interfaces.WSGI,
        workers=4,
        blocking_threads=8,
        websockets=False,
        backlog=2048,
        # Seconds for the requests under way once it was asked to stop.
        workers_kill_timeout=30,
        respawn_failed_workers=True,
        # The front server logs the requests.
        log_access=False,
    ).serve(target_loader=application, wrap_loader=False)
