"""The application servers there are; each is made by a module of its own."""

from __future__ import annotations

from seawall.agent.vocabulary import Layout
from seawall.config.model import Project
from seawall.stack import gunicorn
from seawall.stack.app_server import AppServer
from seawall.stack.facts import Facts

KINDS = {"gunicorn": gunicorn.app_server}


def made(project: Project, facts: Facts, layout: Layout, *, memory: str) -> AppServer:
    """The application server of a project; ``memory`` is a folder for its workers, best in memory."""
    return KINDS[project.server.kind](project, facts, layout, memory=memory)
