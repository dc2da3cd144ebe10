"""PostgreSQL of the distribution's, on the app's own host, behind its unix socket."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote

from seawall.agent.data.vocabulary import Database
from seawall.agent.vocabulary import Layout, Resource
from seawall.config.made_secrets import DATABASE_PASSWORD
from seawall.config.model import Project
from seawall.stack.composition import Inputs
from seawall.stack.facts import Facts

#: The folder of the server's unix socket, as Debian has it.
SOCKET = "/var/run/postgresql"


def packages(_project: Project) -> tuple[str, ...]:
    return ("postgresql",)


def database(project: Project, _layout: Layout) -> Database:
    name = project.database.name or project.app_id
    return Database("postgresql", name, name, socket=SOCKET)


def resources(_project: Project, _layout: Layout, _facts: Facts) -> tuple[Resource, ...]:
    return ()


def secret_resources(_inputs: Inputs, _layout: Layout) -> tuple[Resource, ...]:
    return ()


def url(project: Project, layout: Layout, own: Mapping[str, str]) -> str:
    """By the socket, as libpq reads it (PostgreSQL's documentation, 34.1.1.2, Connection URIs)."""
    made = database(project, layout)
    scheme = project.database.scheme or "postgresql"
    return f"{scheme}://{made.user}:{quote(own[DATABASE_PASSWORD], safe='')}@/{made.name}?host={made.socket}"


def memory(_project: Project, _facts: Facts) -> int:
    return 0


def notes(_inputs: Inputs) -> tuple[str, ...]:
    return ()
