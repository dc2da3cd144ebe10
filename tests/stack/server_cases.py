"""The application servers whose files are kept as golden files: one case for each thing that changes them."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from seawall.agent.vocabulary import Requirements, Source
from seawall.stack import app_servers
from seawall.stack.app_server import AppServer, Surroundings
from seawall.stack.composition import Inputs
from stack.cases import BOOKWORM, project

SURROUNDINGS = Surroundings("/srv/guestbook", "/dev/shm", "/run/seawall/guestbook/@RELEASE@/stats.sock")
LOCALLY = Surroundings("/home/ada/100% mine/.seawall/local", "/tmp", "/tmp/stats", front_speaks_uwsgi=False)
ALL = {"workers": 3, "timeout": 120, "graceful_timeout": 60, "backlog": 512, "max_requests": 10000, "preload": True}


def inputs(*required: str, interface: str = "wsgi", entry: str = "guestbook:create_app()", **server: Any) -> Inputs:
    made = project(app={"entry": entry, "interface": interface}, server=server)
    return Inputs(made, BOOKWORM, (), {}, Requirements(), Source(), frozenset(required))


def made(*required: str, around: Surroundings = SURROUNDINGS, **settings: Any) -> AppServer:
    return app_servers.made(inputs(*required, **settings), around)


def as_files(server: AppServer) -> dict[str, str]:
    """Each settings file, and all else as JSON."""
    said = asdict(server)
    del said["files"]
    return {
        **{file.name.removeprefix("settings/"): file.content for file in server.files},
        "server.json": json.dumps(said, indent=2) + "\n",
    }


CASES: dict[str, Callable[[], AppServer]] = {
    "gunicorn-all": lambda: made(
        kind="gunicorn", worker="sync", statsd="127.0.0.1:8125", stats=True, keepalive=0, **ALL
    ),
    "gunicorn-tcp": lambda: made(kind="gunicorn", socket="tcp"),
    "gunicorn-gevent": lambda: made(kind="gunicorn", worker="gevent"),
    "gunicorn-asgi": lambda: made(kind="gunicorn", interface="asgi", entry="chat.main:app"),
    "gunicorn-uvicorn": lambda: made(kind="gunicorn", interface="asgi", worker="uvicorn"),
    "uwsgi": lambda: made(kind="uwsgi"),
    "uwsgi-all": lambda: made(kind="uwsgi", threads=1, statsd="127.0.0.1:8125", stats=True, **ALL),
    "uwsgi-of-the-app": lambda: made("uwsgi", kind="uwsgi"),
    "uwsgi-in-http": lambda: made(kind="uwsgi", around=LOCALLY),
    "waitress": lambda: made(kind="waitress"),
    "waitress-tcp": lambda: made(kind="waitress", socket="tcp", threads=16),
    "granian": lambda: made(kind="granian", entry="guestbook.web:create_app('a \"b\"', debug=False)"),
    "granian-asgi": lambda: made(kind="granian", interface="asgi", workers=2),
    "uvicorn": lambda: made(kind="uvicorn", interface="asgi", entry="chat.main:app"),
    "uvicorn-one-worker": lambda: made(kind="uvicorn", interface="asgi", workers=1, max_requests=500),
}
