"""What cannot work together, refused before anything changes: each with its reason and the nearest choice that works.

A setting that somebody wrote and that a server would ignore is refused too: nobody should wait in vain for its effect.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from seawall.config.model import Project
from seawall.config.server import Kind
from seawall.errors import ConfigError, ConfigErrors
from seawall.stack import gunicorn, sizing
from seawall.stack.app_server import Surroundings
from seawall.stack.composition import Inputs

WSGI_ONLY = ("uwsgi", "waitress")
#: What each kind has no such thing as: it would be ignored. gunicorn has it all.
LACKS: Mapping[Kind, frozenset[str]] = {
    "gunicorn": frozenset(),
    "uwsgi": frozenset({"worker", "keepalive"}),
    "waitress": frozenset({"worker", "timeout", "keepalive", "max_requests", "preload", "statsd", "stats"}),
    "granian": frozenset({"worker", "timeout", "keepalive", "max_requests", "preload", "statsd", "stats"}),
    "uvicorn": frozenset({"worker", "timeout", "threads", "preload", "statsd", "stats"}),
}
#: C libraries that wait in the kernel where gevent cannot see it, so that one request stops all others of a worker, and
#: what waits well (gevent's documentation, "Introduction", Monkey patching; psycogreen's README).
BLOCK_GEVENT = {
    "psycopg2": "psycogreen beside it, or psycopg 3",
    "psycopg2-binary": "psycogreen beside it, or psycopg 3",
    "mysqlclient": "PyMySQL",
    "pyodbc": "a driver in Python",
    "cx-oracle": "oracledb",
    "pylibmc": "pymemcache",
}
#: Flask extensions whose WebSockets take over the connection, which only gunicorn lets a WSGI app do here.
WEBSOCKETS = ("flask-sock", "flask-socketio")


def check(inputs: Inputs, around: Surroundings, kind: Kind) -> None:
    """Raises ConfigErrors with all that a server of this kind cannot do for the project on this host."""
    found = [
        *of_kind(inputs.project, inputs.required, kind),
        *_nowhere(inputs.project, around),
        *(_gunicorn(inputs) if kind == "gunicorn" else ()),
        *sizing.too_many(inputs.project, inputs.facts, kind),
    ]
    if found:
        raise ConfigErrors(found)


def of_kind(project: Project, required: frozenset[str], kind: Kind) -> Iterator[ConfigError]:
    """What a kind cannot do for an app whose requirements name these packages, wherever it runs."""
    yield from _interface(project, kind)
    yield from _websockets(project, required, kind)
    yield from _ignored(project, kind)
    yield from _one_process(project, kind)
    yield from _call(project, kind)


def _interface(project: Project, kind: Kind) -> Iterator[ConfigError]:
    """WSGI and ASGI are different ways to call an app (PEP 3333, ASGI specification)."""
    if project.app.interface == "asgi" and kind in WSGI_ONLY:
        yield _error(
            "kind",
            f"{kind} runs WSGI apps only, and `app.interface` is asgi: it could carry neither the app nor WebSockets",
            "take kind = granian, uvicorn or gunicorn",
        )
    if project.app.interface == "wsgi" and kind == "uvicorn":
        yield _error(
            "kind",
            "uvicorn runs ASGI apps only, and `app.interface` is wsgi",
            "take kind = granian or gunicorn, or set `app.interface` to asgi if the app is one",
        )


def _websockets(project: Project, required: frozenset[str], kind: Kind) -> Iterator[ConfigError]:
    for name in WEBSOCKETS:
        if name in required and project.app.interface == "wsgi" and kind in (*WSGI_ONLY, "granian"):
            yield _error(
                "kind",
                f"the app's requirements name {name}, whose WebSockets a WSGI app cannot have on {kind}",
                "take kind = gunicorn, with its worker gthread or gevent",
            )


def _ignored(project: Project, kind: Kind) -> Iterator[ConfigError]:
    for name in sorted(LACKS[kind]):
        if _is_set(project, name):
            yield _error(
                name,
                f"{kind} has nothing like it: it would be ignored",
                f"leave it out, or take kind = {_kinds_with(project, name)}",
            )
    if kind == "granian" and project.app.interface == "asgi" and _is_set(project, "threads"):
        yield _error("threads", "granian gives an ASGI app no threads: they would be ignored", "leave it out")


def _one_process(project: Project, kind: Kind) -> Iterator[ConfigError]:
    workers = project.server.workers
    if kind == "waitress" and workers != "auto" and workers > 1:
        yield _error(
            "workers",
            f"waitress is one process, and this asks for {workers}",
            "set `workers` to 1 and raise `threads`, or take kind = gunicorn",
        )


def _call(project: Project, kind: Kind) -> Iterator[ConfigError]:
    if kind == "uwsgi" and "(" in project.app.entry and not project.app.entry.endswith("()"):
        yield _error(
            "kind",
            f"uwsgi calls a factory without arguments only, and `app.entry` is {project.app.entry}",
            "make it with a function that needs none, or take kind = gunicorn or granian",
        )


def _nowhere(project: Project, around: Surroundings) -> Iterator[ConfigError]:
    if project.server.stats and not around.stats:
        yield _error(
            "stats",
            "under supervisor there is no folder on a server in which it could open its socket",
            "leave it out, or take [process] manager = systemd",
        )


def _gunicorn(inputs: Inputs) -> Iterator[ConfigError]:
    project = inputs.project
    worker = gunicorn.worker(project)
    asgi = worker in ("asgi", "uvicorn")
    if asgi != (project.app.interface == "asgi"):
        wanted = "gthread or gevent" if asgi else "asgi or uvicorn"
        yield _error(
            "worker",
            f"gunicorn's worker {worker} is not for {project.app.interface.upper()} apps",
            f"take worker = {wanted}, or leave it out",
        )
    if worker != "gthread" and _is_set(project, "threads") and project.server.threads != 1:
        yield _error(
            "threads",
            f"gunicorn's worker {worker} has no threads: they would be ignored",
            "leave it out" if asgi or worker == "gevent" else "set it to 1, or take worker = gthread",
        )
    if worker == "gevent":
        yield from _gevent(inputs)


def _gevent(inputs: Inputs) -> Iterator[ConfigError]:
    if inputs.project.server.preload:
        yield _error(
            "preload",
            "with it the app is imported before gevent has taken the place of what blocks",
            "set `preload` to false, or take worker = gthread",
        )
    for name in sorted(inputs.required & BLOCK_GEVENT.keys()):
        if not (name.startswith("psycopg2") and "psycogreen" in inputs.required):
            yield _error(
                "worker",
                f"the app's requirements name {name}, which stops all requests of a gevent worker while one waits",
                f"use {BLOCK_GEVENT[name]}, or take worker = gthread",
            )


def _is_set(project: Project, name: str) -> bool:
    """Whether somebody wrote the setting, and not its default."""
    server = project.server
    return name in server.model_fields_set and getattr(server, name) != type(server).model_fields[name].default


def _kinds_with(project: Project, name: str) -> str:
    """The kinds that have such a setting and run the app."""
    others = WSGI_ONLY if project.app.interface == "asgi" else ("uvicorn",)
    return " or ".join(kind for kind, lacks in LACKS.items() if name not in lacks and kind not in others)


def _error(name: str, fact: str, remedy: str) -> ConfigError:
    return ConfigError(fact, place=f"server.{name}", remedy=remedy)
