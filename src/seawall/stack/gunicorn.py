"""gunicorn: its settings file, and the command that starts it. As it takes a socket that is there already, it does not
remove its file at exit either.

On TERM the master has its workers finish what they are at, at most ``graceful_timeout`` seconds. When the master dies
its workers see that within a second or at their next look, and end; what they are at they finish.
"""

from __future__ import annotations

from typing import Literal

from seawall.agent.vocabulary import UnitFile
from seawall.config.model import Project
from seawall.stack import sizing
from seawall.stack.app_server import STOP_MARGIN, AppServer, Surroundings, jitter
from seawall.stack.composition import Inputs
from seawall.stack.templates import render

#: 22 and 23 closed ways to smuggle one request inside another (CVE-2024-1135, CVE-2024-6827).
WSGI_REQUIREMENT = "gunicorn>=23"
#: Its worker for ASGI is young; this is the oldest that seawall is tested with.
ASGI_REQUIREMENT = "gunicorn>=27"
#: What its extra "gevent" names; an app that names gunicorn itself would leave the extra out.
GEVENT_REQUIREMENTS = ("gevent>=24.10.1", "packaging")
#: uvicorn's own worker for gunicorn, and what uvicorn needs to be quick and to carry WebSockets.
UVICORN_REQUIREMENTS = ("uvicorn-worker>=0.3", "httptools", "uvloop", "websockets")

SETTINGS = "settings/gunicorn.conf.py"
#: Its own default, in seconds.
TIMEOUT = 30
CLASSES = {"uvicorn": "uvicorn_worker.UvicornWorker"}

Worker = Literal["sync", "gthread", "gevent", "asgi", "uvicorn"]


def app_server(inputs: Inputs, around: Surroundings) -> AppServer:
    project = inputs.project
    return AppServer(
        kind="gunicorn",
        requirements=requirements(worker(project)),
        files=(settings(inputs, around),),
        command=(f"{around.release}/venv/bin/gunicorn", "-c", f"{around.release}/{SETTINGS}", project.app.entry),
        backlog=project.server.backlog,
        stop_timeout=project.server.graceful_timeout + STOP_MARGIN,
        notifies=True,
        stats=around.stats if project.server.stats else "",
    )


def requirements(kind: Worker) -> tuple[str, ...]:
    """What a kind of worker needs."""
    if kind == "asgi":
        return (ASGI_REQUIREMENT,)
    more = {"gevent": GEVENT_REQUIREMENTS, "uvicorn": UVICORN_REQUIREMENTS}
    return (WSGI_REQUIREMENT, *more.get(kind, ()))


def settings(inputs: Inputs, around: Surroundings) -> UnitFile:
    """The settings file."""
    server = inputs.project.server
    kind = worker(inputs.project)
    sized = sizing.size(inputs.project, inputs.facts, "gunicorn")
    content = render(
        "gunicorn.conf.py.j2",
        app=inputs.project.app_id,
        workers=sized.workers,
        threads=sized.threads,
        timeout=TIMEOUT if server.timeout == "auto" else server.timeout,
        auto=server.workers == "auto",
        cores=inputs.facts.cores,
        worker=kind,
        worker_class=CLASSES.get(kind, kind),
        server=server,
        jitter=jitter(server.max_requests),
        worker_tmp_dir=around.memory,
        stats=around.stats if server.stats else "",
    )
    return UnitFile(SETTINGS, content)


def worker(project: Project) -> Worker:
    """The kind of worker: as configured, else the one that follows from interface and threads."""
    if project.server.worker != "auto":
        return project.server.worker
    if project.app.interface == "asgi":
        return "asgi"
    return "sync" if project.server.threads == 1 else "gthread"
