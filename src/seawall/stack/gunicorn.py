"""gunicorn: its settings file, and the command that starts it. As it takes a socket that is there already, it does not
remove its file at exit either.
"""

from __future__ import annotations

from seawall.agent.vocabulary import RELEASE, Layout, UnitFile
from seawall.config.model import Project
from seawall.stack import sizing
from seawall.stack.app_server import STOP_MARGIN, AppServer
from seawall.stack.facts import Facts
from seawall.stack.templates import render

#: 22 and 23 closed ways to smuggle one request inside another (CVE-2024-1135, CVE-2024-6827).
WSGI_REQUIREMENT = "gunicorn>=23"
#: Its worker for ASGI is young; this is the oldest that seawall is tested with.
ASGI_REQUIREMENT = "gunicorn>=27"

SETTINGS = "settings/gunicorn.conf.py"


def app_server(project: Project, facts: Facts, layout: Layout, *, memory: str) -> AppServer:
    """gunicorn for a project; ``memory`` is a folder in memory, or the next best."""
    return AppServer(
        kind="gunicorn",
        requirements=(requirement(project),),
        files=(settings(project, facts, worker_tmp_dir=memory),),
        command=command(project, layout.base),
        backlog=project.server.backlog,
        stop_timeout=project.server.graceful_timeout + STOP_MARGIN,
        notifies=True,
    )


def requirement(project: Project) -> str:
    return ASGI_REQUIREMENT if project.app.interface == "asgi" else WSGI_REQUIREMENT


def settings(project: Project, facts: Facts, *, worker_tmp_dir: str) -> UnitFile:
    """The settings file; ``worker_tmp_dir`` is where workers show that they are alive, best in memory."""
    server = project.server
    content = render(
        "gunicorn.conf.py.j2",
        app=project.app_id,
        workers=sizing.size(project, facts, "gunicorn").workers,
        auto=server.workers == "auto",
        cores=facts.cores,
        worker_class=worker_class(project),
        threads=server.threads,
        timeout=server.timeout,
        graceful_timeout=server.graceful_timeout,
        max_requests=server.max_requests,
        preload=server.preload,
        backlog=server.backlog,
        worker_tmp_dir=worker_tmp_dir,
    )
    return UnitFile(SETTINGS, content)


def command(project: Project, base: str) -> tuple[str, ...]:
    """The words that start gunicorn for a release, in the foreground."""
    release = f"{base}/releases/{RELEASE}"
    return (f"{release}/venv/bin/gunicorn", "-c", f"{release}/{SETTINGS}", project.app.entry)


def worker_class(project: Project) -> str:
    if project.app.interface == "asgi":
        return "asgi"
    return "gthread" if project.server.threads > 1 else "sync"
