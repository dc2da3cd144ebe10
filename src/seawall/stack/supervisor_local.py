"""supervisor on this machine: a supervisord of the project's own, as the person who asked."""

from __future__ import annotations

from seawall.agent.resource import Resource
from seawall.agent.vocabulary import Directory, File, Layout, Listen, Program, Service
from seawall.config.model import Project
from seawall.stack import supervisor
from seawall.stack.app_server import AppServer
from seawall.stack.front_program import NAME, FrontProgram
from seawall.stack.quoting import ini_command
from seawall.stack.targets import LocalTarget
from seawall.stack.templates import render

#: What the app's processes start from: nothing of the environment of the person's shell.
PATH = "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"
#: ``$0`` is the environment file.
SETTING = supervisor.Setting(
    suffix=".ini", start=("/bin/sh", "-c"), variables='set -a; . "$0"; ', socket_mode="0600", umask="077"
)


def programs(project: Project, layout: Layout, server: AppServer, listen: Listen) -> tuple[Program, ...]:
    """The app and its processes. Raises ConfigError."""
    return supervisor.programs(project, layout, server, listen, SETTING)


def resources(layout: Layout, target: LocalTarget) -> tuple[Resource, ...]:
    """supervisord itself, with its configuration."""
    path = _configuration(layout)
    environment = ("/usr/bin/env", "-i", f"PATH={PATH}", f"HOME={layout.base}/data", "LANG=C.UTF-8")
    service = Service(
        "supervisor",
        start=(*environment, target.tool_python, "-I", "-m", "supervisor.supervisord", "-c", path),
        running=(*control(layout, target), "pid"),
    )
    user = target.user if target.is_root else ""
    content = render("supervisord.conf.j2", layout=layout, user=user)
    return (
        Directory(f"{layout.base}/supervisor", 0o700),
        Directory(layout.fragments, 0o700),
        service,
        File(path, content, mode=0o600, service=service.name),
    )


def front(layout: Layout, target: LocalTarget, program: FrontProgram) -> tuple[Resource, ...]:
    """The front server. `update` starts a program that is new and replaces one whose fragment changed; it leaves others
    alone."""
    order = control(layout, target)
    service = Service(
        NAME, reload=(*order, "update", NAME), start=(*order, "update", NAME), running=(*order, "status", NAME)
    )
    content = render("front.ini.j2", layout=layout, name=NAME, command=ini_command(program.command), program=program)
    return (service, File(f"{layout.fragments}/{NAME}.ini", content, mode=0o600, service=service.name))


def reread(layout: Layout, target: LocalTarget) -> tuple[str, ...]:
    """The words that have the front server read its files again."""
    return (*control(layout, target), "signal", "HUP", NAME)


def control(layout: Layout, target: LocalTarget) -> tuple[str, ...]:
    """The words that give supervisord an order."""
    return (target.tool_python, "-I", "-m", "supervisor.supervisorctl", "-c", _configuration(layout))


def _configuration(layout: Layout) -> str:
    return f"{layout.base}/supervisor/supervisord.conf"
