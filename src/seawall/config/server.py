"""The table of ``seawall.toml`` for the application server."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from seawall.config.table import Table, setting


class Server(Table):
    """The application server that runs the app's code."""

    kind: Literal["gunicorn"] = setting(
        "gunicorn",
        "The application server. gunicorn runs WSGI and ASGI apps and is the best known one.",
        example="gunicorn",
        becomes="the program that the app's unit starts",
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
        'How many worker processes answer requests. `"auto"` is one more than the host has cores, at most 8, as far as '
        "the memory goes by what the app was measured to take: `seawall explain server` shows the sum. More than the "
        "memory holds is refused.",
        example=4,
        becomes="`workers` in BASE/releases/vN/settings/gunicorn.conf.py",
    )
    threads: Annotated[int, Field(ge=1, le=256)] = setting(
        4,
        "How many threads each WSGI worker has. The default, 4, lets a worker answer while some of its requests wait "
        "for a database; use 1 for code that is not safe for threads.",
        example=1,
        becomes="`threads` in gunicorn.conf.py; more than 1 means the gthread worker",
    )
    timeout: Annotated[int, Field(ge=1, le=86400)] = setting(
        30,
        "Seconds after which a silent worker is killed and replaced. The default is gunicorn's own.",
        example=120,
        becomes="`timeout` in gunicorn.conf.py",
    )
    graceful_timeout: Annotated[int, Field(ge=1, le=86400)] = setting(
        30,
        "Seconds that a worker has to finish its requests when it is asked to stop. The default is gunicorn's own.",
        example=60,
        becomes="`graceful_timeout` in gunicorn.conf.py and the unit's stop timeout",
    )
    max_requests: Annotated[int, Field(ge=0, le=10_000_000)] = setting(
        0,
        "Requests after which a worker is replaced, give or take a tenth so that not all go at once; for an app that "
        "leaks memory. The default, 0, is never.",
        example=10000,
        becomes="`max_requests` and `max_requests_jitter` in gunicorn.conf.py",
    )
    preload: bool = setting(
        False,
        "Import the app once before the workers are forked, which saves memory. Off by default: connections and "
        "threads that are made at import time do not survive a fork.",
        example=True,
        becomes="`preload_app` in gunicorn.conf.py",
    )
    backlog: Annotated[int, Field(ge=1, le=65535)] = setting(
        2048,
        "How many connections may wait for a free worker. The default is gunicorn's own; the kernel's "
        "net.core.somaxconn caps it.",
        example=4096,
        becomes="the backlog of the release's socket",
    )
