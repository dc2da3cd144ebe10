"""The front servers of servers, and which of them an app has: all that the rest of the stack needs to know of one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from seawall.agent.vocabulary import File, Layout, Resource, Service
from seawall.config.model import Project
from seawall.stack import nginx, nginx_unit
from seawall.stack.facts import Facts
from seawall.stack.site import Site


@dataclass(frozen=True)
class Front:
    """A kind of front server.

    ``service`` shows the app's certificate and hears of changes. ``unit`` is what is added to the distribution's unit,
    ``site`` all else that lies on the host for an app, ``notes`` what a person should know, and ``shared`` what the
    host's other apps need once this one is gone.
    """

    kind: str
    service: Service
    packages: tuple[str, ...]
    unit: Callable[[Project, Facts], tuple[Resource, ...]]
    site: Callable[[Site], tuple[Resource, ...]]
    notes: Callable[[Site], tuple[str, ...]]
    shared: Callable[[Layout, Facts], tuple[File, ...]]


NGINX = Front("nginx", nginx.SERVICE, ("nginx",), nginx_unit.resources, nginx.site, nginx.notes, nginx.shared)


def of(project: Project) -> Front:
    """The front server that a project asks for."""
    return {"nginx": NGINX}[project.proxy.kind]
