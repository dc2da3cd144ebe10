"""The application servers there are; each is made by a module of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from seawall.config.server import Kind
from seawall.stack import combinations, granian, gunicorn, sizing, uvicorn, uwsgi, waitress
from seawall.stack.app_server import AppServer, Surroundings
from seawall.stack.choosing import choose
from seawall.stack.composition import Inputs

KINDS: Mapping[Kind, Callable[[Inputs, Surroundings], AppServer]] = {
    "gunicorn": gunicorn.app_server,
    "uwsgi": uwsgi.app_server,
    "waitress": waitress.app_server,
    "granian": granian.app_server,
    "uvicorn": uvicorn.app_server,
}


def made(inputs: Inputs, around: Surroundings) -> AppServer:
    """The application server of a project. Raises ConfigErrors for what it cannot do together."""
    kind = choose(inputs.project, inputs.facts, inputs.required).kind
    combinations.check(inputs, around, kind)
    return KINDS[kind](inputs, around)


def notes(inputs: Inputs) -> tuple[str, ...]:
    """Which server was chosen and why, and by what its workers were counted, where that was left to us."""
    choice = choose(inputs.project, inputs.facts, inputs.required)
    told = f"the application server is {choice.kind}: {choice.reason} (`server.kind`)"
    return (*([told] if choice.reason else ()), *sizing.notes(inputs.project, inputs.facts, choice.kind))
