"""systemd on this machine: the person's own user manager (systemd(1), "--user").

Its unit files are made in its folder of runtime units, which is in memory and gone with the user manager itself, so
nothing that lasts lies outside of the project.
"""

from __future__ import annotations

from seawall.agent.resource import Resource
from seawall.agent.vocabulary import Directory, File, Layout, Listen, Program, Service
from seawall.config.model import Project
from seawall.errors import ProjectError
from seawall.stack import names, systemd
from seawall.stack.app_server import AppServer
from seawall.stack.front_program import NAME, FrontProgram
from seawall.stack.quoting import unit_command
from seawall.stack.targets import LocalTarget
from seawall.stack.templates import render

#: What stands in the place of the sandbox: the app runs with the person's own rights.
AROUND = systemd.Around(("UMask=0077", "LimitCORE=0"))
#: ``$0`` is a unit, the rest are the words that give the user manager an order.
AFRESH = '"$@" daemon-reload && exec "$@" restart "$0"'
LINGER = (
    "systemd ends the app with your last login session, unless you have it stay: `loginctl enable-linger` (loginctl(1))"
)


def programs(project: Project, layout: Layout, server: AppServer, listen: Listen) -> tuple[Program, ...]:
    """The app and its processes. Raises ConfigError; ProjectError where there is no user manager."""
    if not layout.units:
        raise ProjectError(
            "no systemd runs for you on this machine, as it does in a login session",
            place="[process] manager",
            remedy='log in afresh, or take supervisor here: manager = "supervisor" in [environments.local.process]',
        )
    names.check(project)
    return (
        systemd.web(layout, server, listen, AROUND),
        *(systemd.process(layout, name, item, AROUND) for name, item in sorted(project.processes.items())),
    )


def resources(layout: Layout, _target: LocalTarget) -> tuple[Resource, ...]:
    """The user manager is there already; its folder of units need not be."""
    return (Directory(layout.units, 0o755),)


def front(layout: Layout, target: LocalTarget, program: FrontProgram) -> tuple[Resource, ...]:
    """The front server, started afresh when its unit changes."""
    unit, order = front_unit(layout), control(target)
    service = Service(
        NAME,
        reload=("/bin/sh", "-c", AFRESH, unit, *order),
        start=(*order, "start", unit),
        running=(*order, "is-active", "--quiet", unit),
    )
    content = render("front.service.j2", layout=layout, command=unit_command(program.command), program=program)
    return (service, File(f"{layout.units}/{unit}", content, mode=0o600, service=service.name))


def reread(layout: Layout, target: LocalTarget) -> tuple[str, ...]:
    """The words that have the front server read its files again."""
    return (*control(target), "reload", front_unit(layout))


def front_unit(layout: Layout) -> str:
    return f"seawall-{layout.app}.front.service"


def control(target: LocalTarget) -> tuple[str, ...]:
    """The words that give the user manager an order."""
    return ("/usr/bin/env", f"XDG_RUNTIME_DIR={target.runtime}", "systemctl", "--user")
