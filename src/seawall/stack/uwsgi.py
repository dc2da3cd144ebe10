"""uWSGI: a master that forks workers, which speak its own protocol with the front server.

By itself it ends its workers at once on TERM, whatever they are at, "die-on-term" or not; the hook at the master's
start makes it the graceful end, at most ``worker-reload-mercy`` seconds (uwsgi-docs, Management.rst). Workers whose
master has died end by themselves.
"""

from __future__ import annotations

from seawall.agent.vocabulary import UnitFile
from seawall.stack import sizing
from seawall.stack.app_server import STOP_MARGIN, AppServer, Surroundings, jitter
from seawall.stack.composition import Inputs
from seawall.stack.templates import render

#: The same program, compiled already: a host needs no compiler for it.
REQUIREMENT = "pyuwsgi>=2.0.28"
SETTINGS = "settings/uwsgi.ini"
#: Seconds. It kills the whole worker, whatever its other threads are at, so it is for what hangs, not for what is slow:
#: the proxy has given up long before, unless the answer streams.
TIMEOUT = 600
#: The last Python that a worker may tell that it was forked. Later ones end over a lock that uWSGI had not taken
#: ("PyMutex_Unlock: unlocking mutex that is not locked", uWSGI 2.0.30 and CPython 3.13).
LAST_AFTER_FORK = (3, 12)


def app_server(inputs: Inputs, around: Surroundings) -> AppServer:
    server = inputs.project.server
    return AppServer(
        kind="uwsgi",
        requirements=() if _of_the_app(inputs) else (REQUIREMENT,),
        files=(UnitFile(SETTINGS, _settings(inputs, around)),),
        command=(f"{around.release}/venv/bin/uwsgi", "--ini", f"{around.release}/{SETTINGS}"),
        backlog=server.backlog,
        stop_timeout=server.graceful_timeout + STOP_MARGIN,
        speaks="uwsgi" if around.front_speaks_uwsgi else "http",
        notifies=True,
        stats=around.stats if server.stats else "",
    )


def _settings(inputs: Inputs, around: Surroundings) -> str:
    project, server = inputs.project, inputs.project.server
    sized = sizing.size(project, inputs.facts, "uwsgi")
    return render(
        "uwsgi.ini.j2",
        app=project.app_id,
        entry=project.app.entry,
        server=server,
        workers=sized.workers,
        threads=sized.threads,
        timeout=TIMEOUT if server.timeout == "auto" else server.timeout,
        jitter=jitter(server.max_requests),
        http=not around.front_speaks_uwsgi,
        after_fork=not project.app.python and () < inputs.facts.python_version <= LAST_AFTER_FORK,
        release=around.release,
        home=f"{around.release}/venv" if _of_the_app(inputs) else "",
        stats=around.stats if server.stats else "",
    )


def _of_the_app(inputs: Inputs) -> bool:
    """Whether the app brings uWSGI itself, which is then compiled on the host and must be told of the environment."""
    return "uwsgi" in inputs.required
