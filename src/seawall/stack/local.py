"""This machine: the app runs as the person who asked, and all that lasts is in the project's folder."""

from __future__ import annotations

from seawall.agent.resource import Resource
from seawall.agent.vocabulary import RELEASE, Directory, FrontDoor, Layout
from seawall.config.model import Project
from seawall.errors import ProjectError
from seawall.stack import app_servers, data, front, listening, managers, release
from seawall.stack.app_server import Surroundings
from seawall.stack.composition import Composition, Inputs
from seawall.stack.facts import Facts
from seawall.stack.layout import local_layout_of
from seawall.stack.managers import LocalManager
from seawall.stack.targets import LocalTarget

WITHOUT_SANDBOX = "here the app runs with your own rights; the sandbox that a server gives it is missing"


def compose(inputs: Inputs, target: LocalTarget) -> Composition:
    """What this machine should hold for the app. Raises ConfigError, ProjectError."""
    project = inputs.project
    layout = local_layout_of(project.app_id, target)
    around = Surroundings(layout.base, layout.run, f"{layout.run}/{RELEASE}.stats", bool(target.nginx))
    server = app_servers.made(inputs, around)
    listen = listening.listen(project, server, layout)
    manager = managers.of_local(project)
    _check_free(manager, target)
    made = release.build(
        inputs,
        server=server,
        listen=listen,
        programs=manager.programs(project, layout, server, listen),
        front=FrontDoor(front.ADDRESS, target.https_port, True, front.HOST, project.health.path),
    )
    resources = (
        *foundation(layout, target, manager),
        *data.local_resources(project, layout, inputs.facts),
        *_front(project, layout, inputs.facts, target, manager),
    )
    return Composition(layout, resources, made, (*app_servers.notes(inputs), *_notes(project, target)))


def foundation(layout: Layout, target: LocalTarget, manager: LocalManager) -> tuple[Resource, ...]:
    """What releases stand on: their folders, and the service manager. The front server comes beside it."""
    folders = (Directory(path, mode) for path, mode in _directories(layout))
    return (*folders, *manager.resources(layout, target))


def _directories(layout: Layout) -> tuple[tuple[str, int], ...]:
    base = layout.base
    return (
        (base, 0o755),
        (f"{base}/releases", 0o755),
        (f"{base}/objects", 0o700),
        (f"{base}/venvs", 0o755),
        (f"{base}/resolved", 0o755),
        (f"{base}/data", 0o750),
        (f"{base}/state", 0o700),
        (layout.run, 0o700),
        (layout.logs, 0o750),
    )


def _check_free(manager: LocalManager, target: LocalTarget) -> None:
    """Raises ProjectError while another manager has the front server, since two cannot have its ports, or another
    folder the names of the units."""
    if manager is managers.HERE_SYSTEMD and target.elsewhere:
        raise ProjectError(
            "your systemd runs another app of this name",
            place=target.elsewhere,
            remedy='`seawall down` there, or manager = "supervisor" in [environments.local.process] here',
        )
    if target.runs_under not in ("", manager.name):
        raise ProjectError(
            f"the app runs here under {target.runs_under}, and its front server cannot be handed on",
            place="[process] manager",
            remedy="`seawall down` ends it, then `seawall up` starts it under the other",
        )


def _front(
    project: Project, layout: Layout, facts: Facts, target: LocalTarget, manager: LocalManager
) -> tuple[Resource, ...]:
    if target.nginx:
        return front.with_nginx(project, layout, facts, target, manager)
    return front.with_granian(project, layout, target, manager)


def _notes(project: Project, target: LocalTarget) -> tuple[str, ...]:
    notes = [] if target.nginx else [front.WITHOUT_NGINX]
    if project.proxy.kind == "apache":
        notes.append(
            f"Apache is for servers: on this machine {'nginx' if target.nginx else 'the own front'} serves the site"
        )
    if project.backup.repository:
        notes.append("on this machine no backups are made: [backup] is for servers")
    if project.schedule:
        names = ", ".join(sorted(project.schedule))
        notes.append(f"on this machine nothing runs by the clock: {names} (`seawall run` runs a command once)")
    return (*notes, *managers.of_local(project).notes, WITHOUT_SANDBOX)
