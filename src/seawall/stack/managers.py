"""The service managers, and which of them an app has where: all that the rest of the stack needs to know of one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from seawall.agent.resource import Resource
from seawall.agent.vocabulary import Layout, Listen, Program
from seawall.config.model import Project
from seawall.stack import supervisor, supervisor_host, supervisor_local, systemd, systemd_user
from seawall.stack.app_server import AppServer
from seawall.stack.front_program import FrontProgram
from seawall.stack.targets import LocalTarget


@dataclass(frozen=True)
class ServerManager:
    """A service manager of servers.

    ``programs`` are what runs for a release. ``unit`` is what is added to the distribution's unit of the manager,
    ``resources`` all else that it needs on the host, ``notes`` what a person should know. ``gives_folder`` says that it
    makes a folder in which an application server may have a socket of its own.
    """

    programs: Callable[[Project, Layout, AppServer, Listen], tuple[Program, ...]]
    gives_folder: bool
    unit: Callable[[], tuple[Resource, ...]] = tuple
    packages: tuple[str, ...] = ()
    resources: Callable[[Layout], tuple[Resource, ...]] = lambda _layout: ()
    notes: Callable[[Project], tuple[str, ...]] = lambda _project: ()


SYSTEMD = ServerManager(systemd.programs, gives_folder=True)
SUPERVISOR = ServerManager(
    supervisor_host.programs,
    False,
    supervisor_host.unit,
    supervisor_host.PACKAGES,
    supervisor_host.resources,
    supervisor_host.notes,
)


@dataclass(frozen=True)
class LocalManager:
    """A service manager of this machine.

    ``programs`` are what runs for a release, ``resources`` the manager itself, ``front`` the front server as a program
    of its, ``reread`` the words that have that read its files again, ``notes`` what a person should know.
    """

    name: str
    programs: Callable[[Project, Layout, AppServer, Listen], tuple[Program, ...]]
    resources: Callable[[Layout, LocalTarget], tuple[Resource, ...]]
    front: Callable[[Layout, LocalTarget, FrontProgram], tuple[Resource, ...]]
    reread: Callable[[Layout, LocalTarget], tuple[str, ...]]
    notes: tuple[str, ...] = ()


HERE_SUPERVISOR = LocalManager(
    supervisor.MANAGER,
    supervisor_local.programs,
    supervisor_local.resources,
    supervisor_local.front,
    supervisor_local.reread,
)
HERE_SYSTEMD = LocalManager(
    systemd.MANAGER,
    systemd_user.programs,
    systemd_user.resources,
    systemd_user.front,
    systemd_user.reread,
    (systemd_user.LINGER,),
)


def of_local(project: Project) -> LocalManager:
    """The service manager that a project asks for on this machine."""
    return HERE_SYSTEMD if project.process.manager == systemd.MANAGER else HERE_SUPERVISOR


def of_server(project: Project) -> ServerManager:
    """The service manager that a project asks for on servers."""
    return SUPERVISOR if project.process.manager == supervisor.MANAGER else SYSTEMD
