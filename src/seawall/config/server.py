"""The table of ``seawall.toml`` for the application server."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from seawall.config.table import Table, setting
from seawall.config.values import HostAndPort

Kind = Literal["gunicorn", "uwsgi", "waitress", "granian", "uvicorn"]


class Server(Table):
    """The application server that runs the app's code."""

    kind: Literal["auto"] | Kind = setting(
        "auto",
        "The application server. `gunicorn` is the best known one and runs WSGI and ASGI apps; `uwsgi` runs WSGI apps "
        "and speaks a protocol of its own with the proxy; `granian` runs both, its network part is in Rust; "
        "`waitress` is one process with threads, all in Python; `uvicorn` runs ASGI apps. "
        'The default, `"auto"`, takes the one that was measured to be quickest, `uwsgi` for WSGI and `uvicorn` '
        "for ASGI apps, or `gunicorn` where that one cannot do what app or host need; the plan says which and why.",
        example="granian",
        becomes="the program that the app's unit starts, and its settings in BASE/releases/vN/settings/",
    )
    worker: Literal["auto", "sync", "gthread", "gevent", "asgi", "uvicorn"] = setting(
        "auto",
        "How gunicorn's workers do their work: `sync` one request at a time, `gthread` with threads, `gevent` with "
        'greenlets, `asgi` and `uvicorn` for ASGI apps. The default, `"auto"`, is `asgi` for an ASGI app, else '
        "`gthread`, or `sync` with one thread. The other servers have one way only.",
        example="gevent",
        becomes="`worker_class` in gunicorn.conf.py, and what it needs in BASE/venvs/KEY",
    )
    socket: Literal["unix", "tcp"] = setting(
        "unix",
        "Where the server listens for the proxy. A unix socket, the default, is quicker than TCP, and nobody but the "
        "proxy can connect to it; every user of the host can connect to a port.",
        example="tcp",
        becomes="`ListenStream=` of the release's socket unit: /run/seawall/APP/vN.sock, or a loopback address of the "
        "app's own with port 10000 and N",
    )
    workers: Literal["auto"] | Annotated[int, Field(ge=1, le=512)] = setting(
        "auto",
        'How many worker processes answer requests. `"auto"` is two for each core, since threads of one worker '
        "wait for each other (one more than cores, if they have no threads; one for each core with an event loop, that "
        "of ASGI or gevent), at least 2 and at most 8, as far as the memory goes by what the app was measured to take: "
        "`seawall explain server` shows the sum. More than the memory holds is refused. waitress always has one.",
        example=4,
        becomes="`workers` in BASE/releases/vN/settings/gunicorn.conf.py, `processes` in uwsgi.ini",
    )
    threads: Literal["auto"] | Annotated[int, Field(ge=1, le=256)] = setting(
        "auto",
        "How many threads each WSGI worker has, to answer others while some of its requests wait for a database. The "
        'default, `"auto"`, shares 32 among the workers, at least 4 and at most 16 each: idle ones cost next to '
        "nothing, and two releases side by side stay below the 100 connections that a PostgreSQL allows. Use 1 for "
        "code that is not safe for threads.",
        example=1,
        becomes="`threads` in gunicorn.conf.py, where more than 1 means the gthread worker, or in uwsgi.ini",
    )
    timeout: Literal["auto"] | Annotated[int, Field(ge=1, le=86400)] = setting(
        "auto",
        "Seconds after which a silent worker is killed and replaced; with uwsgi, one that is at one request for so "
        "long, an answer that streams included, and with it the other requests of its threads. The default, "
        '`"auto"`, is 30 (gunicorn\'s own) and 600 with uwsgi. waitress, granian and uvicorn have no such limit.',
        example=120,
        becomes="`timeout` in gunicorn.conf.py, `harakiri` in uwsgi.ini",
    )
    graceful_timeout: Annotated[int, Field(ge=1, le=86400)] = setting(
        30,
        "Seconds that a worker has to finish its requests when it is asked to stop. The default is gunicorn's own.",
        example=60,
        becomes="`graceful_timeout` in gunicorn.conf.py, `worker-reload-mercy` in uwsgi.ini, and the unit's stop "
        "timeout",
    )
    keepalive: Annotated[int, Field(ge=0, le=3600)] = setting(
        2,
        "Seconds that a connection may stay open without a request. The proxy ends its connections after each "
        "answer, so that a switch moves every later request; this is for whoever else asks gunicorn or uvicorn. The "
        "default is gunicorn's own.",
        example=5,
        becomes="`keepalive` in gunicorn.conf.py, `timeout_keep_alive` in start_uvicorn.py",
    )
    max_requests: Annotated[int, Field(ge=0, le=10_000_000)] = setting(
        0,
        "Requests after which a worker is replaced, give or take a tenth so that not all go at once; for an app that "
        "leaks memory. The default, 0, is never. waitress and granian cannot count them.",
        example=10000,
        becomes="`max_requests` and `max_requests_jitter` in gunicorn.conf.py, `max-requests` in uwsgi.ini",
    )
    preload: bool = setting(
        False,
        "Import the app once before the workers are forked, which saves memory; gunicorn and uwsgi can. Off by "
        "default: connections and threads that are made at import time do not survive a fork.",
        example=True,
        becomes="`preload_app` in gunicorn.conf.py, no `lazy-apps` in uwsgi.ini",
    )
    backlog: Annotated[int, Field(ge=1, le=65535)] = setting(
        2048,
        "How many connections may wait for a free worker. The default is gunicorn's own; the kernel's "
        "net.core.somaxconn caps it.",
        example=4096,
        becomes="the backlog of the release's socket",
    )
    statsd: HostAndPort = setting(
        "",
        "Where gunicorn or uwsgi sends its counts of requests and times, as statsd takes them (UDP). The default, "
        '"", sends none.',
        example="127.0.0.1:8125",
        becomes="`statsd_host` in gunicorn.conf.py, `stats-push` in uwsgi.ini; the app's name is the prefix",
    )
    stats: bool = setting(
        False,
        "Open a socket at which root and the app's user can ask how the workers are: gunicorn's control socket (for "
        "`gunicornc`) or uwsgi's stats socket (for `uwsgitop`). Off by default: it is a second door.",
        example=True,
        becomes="/run/seawall/APP/vN/stats.sock",
    )
