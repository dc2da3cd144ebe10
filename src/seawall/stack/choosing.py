"""Which kind of application server runs an app whose project leaves that to us (``server.kind = "auto"``).

The order is that of the measurements: docs/performance.md, "Serving". What is quickest is passed over where it cannot
do what the project asks for, or would have to be compiled on the host; gunicorn can do all of it everywhere.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from seawall.config.model import Project
from seawall.config.server import Kind
from seawall.stack import combinations
from seawall.stack.facts import Facts

#: granian answers a trivial ASGI view quicker still, and a page no quicker; uvicorn is what ASGI frameworks are tested
#: with.
QUICKEST: Mapping[str, Kind] = {"wsgi": "uwsgi", "asgi": "uvicorn"}
SAFE: Kind = "gunicorn"
REASONS: Mapping[Kind, str] = {
    "uwsgi": "the quickest of those that were measured",
    "uvicorn": "quicker than gunicorn, and what ASGI frameworks are tested with",
}
#: What PyPI has pyuwsgi, httptools and uvloop for already compiled: Linux with glibc, on these machines (uname(2)) and
#: with these versions of CPython.
MACHINES = ("x86_64", "aarch64")
PYTHONS = ((3, 9), (3, 14))
#: The last Python that uWSGI is measured with: it was written for the locks that Python had before 3.13.
LAST_OF_UWSGI = (3, 12)
#: Packages that turn what waits into greenlets, of which uWSGI's threads know nothing.
GREENLETS = ("gevent", "eventlet")


@dataclass(frozen=True)
class Choice:
    """A kind of server, and why it was taken: "" where it was asked for."""

    kind: Kind
    reason: str = ""


def choose(project: Project, facts: Facts, required: frozenset[str]) -> Choice:
    """The kind that a project asks for, or the quickest that can do what app and host need; ``required`` are the names
    of the packages that the app asks for."""
    if project.server.kind != "auto":
        return Choice(project.server.kind)
    quickest = QUICKEST[project.app.interface]
    obstacle = next(_obstacles(project, facts, required, quickest), "")
    if obstacle:
        return Choice(SAFE, f"{quickest} is quicker, but {obstacle}")
    return Choice(quickest, REASONS[quickest])


def _obstacles(project: Project, facts: Facts, required: frozenset[str], kind: Kind) -> Iterator[str]:
    """Why a kind is not for this app or host, each as the end of a sentence."""
    for refusal in combinations.of_kind(project, required, kind):
        # "It" of a refusal is the setting that it stands beside.
        yield refusal.fact.replace(" it: it ", f" `{refusal.place}`: it ", 1)
    if kind == "uwsgi":
        yield from (f"the app's requirements name {name}" for name in GREENLETS if name in required)
    yield from _uncompiled(facts, project.app.python)
    if kind == "uwsgi" and (project.app.python or facts.python_version > LAST_OF_UWSGI):
        yield "it has not proved itself with Python 3.13 and later"


def _uncompiled(facts: Facts, wanted_python: str) -> Iterator[str]:
    """Without one that is compiled already, the host would need a compiler."""
    if facts.architecture not in MACHINES:
        machine = facts.architecture or "a machine of an unknown kind"
        yield f"it would have to be compiled on the host ({machine})"
    if not wanted_python and not PYTHONS[0] <= facts.python_version <= PYTHONS[1]:
        yield f"it would have to be compiled for the host's Python {facts.python or 'of an unknown version'}"
