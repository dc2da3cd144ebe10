"""systemd: the units of a release, written out in full for each release.

The socket is a unit of its own, so requests wait in it, and are not lost, while a server that crashed is replaced.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath

from seawall.agent.vocabulary import RELEASE, Layout, Listen, Program, UnitFile
from seawall.config.model import Process, Project, Task
from seawall.stack import commands, data, listening, names, sandbox
from seawall.stack.app_server import AppServer
from seawall.stack.quoting import unit_command
from seawall.stack.templates import render

#: What programs are to be run by.
MANAGER = "systemd"
#: ``env`` looks the program up on the unit's PATH, the virtual environment first; systemd itself would not.
LOOK_UP = "/usr/bin/env"


@dataclass(frozen=True)
class Around:
    """What all services of an app have in common: the lines of their sandbox, and the units that are started before
    them at boot, and stopped after them."""

    sandbox: tuple[str, ...]
    after: tuple[str, ...] = ("network.target",)


def around(project: Project, layout: Layout) -> Around:
    """Raises ConfigError for a sandbox that cannot be."""
    return Around(sandbox.lines(project.sandbox, f"{layout.base}/data"), ("network.target", *data.units(project)))


def programs(project: Project, layout: Layout, server: AppServer, listen: Listen) -> tuple[Program, ...]:
    """All that runs for a release: the app, its processes, its schedule. Raises ConfigError for their commands."""
    names.check(project)
    place = around(project, layout)
    return (
        web(layout, server, listen, place),
        *(process(layout, name, item, place) for name, item in sorted(project.processes.items())),
        *schedules(project, layout),
    )


def schedules(project: Project, layout: Layout) -> tuple[Program, ...]:
    """The timers, which are systemd's whoever runs the rest. Raises ConfigError for their commands."""
    place = around(project, layout)
    return tuple(schedule(layout, name, item, place) for name, item in sorted(project.schedule.items()))


def web(layout: Layout, server: AppServer, listen: Listen, place: Around) -> Program:
    """The app itself: a socket that listens and the application server behind it."""
    name = names.unit(layout.app)
    units = (f"{name}.socket", f"{name}.service")
    socket = render(
        "web.socket.j2",
        layout=layout,
        stream=listening.stream(layout, listen),
        tcp=bool(listen.address),
        server=server,
        service=units[1],
    )
    service = _service(
        "web.service.j2",
        layout,
        place,
        socket=units[0],
        identifier=layout.app,
        server=server,
        runtime_directory=_runtime_directory(server),
        command=unit_command(server.command),
    )
    files = (UnitFile(units[0], socket), UnitFile(units[1], service))
    return Program("web", names.WEB, units, units, files, MANAGER)


def _runtime_directory(server: AppServer) -> str:
    """The folder of the server's own socket in /run, named as systemd wants it (systemd.exec(5), RuntimeDirectory=)."""
    folder = PurePosixPath(server.stats).parent
    return str(folder.relative_to("/run")) if folder.is_relative_to("/run") else ""


def process(layout: Layout, name: str, item: Process, place: Around) -> Program:
    """A worker: ``count`` services."""
    command = _command(item.command, f"[processes] {name}")
    suffixes = [name] if item.count == 1 else [f"{name}.{number}" for number in range(1, item.count + 1)]
    files = tuple(
        UnitFile(
            f"{names.unit(layout.app, suffix)}.service",
            _service(
                "process.service.j2",
                layout,
                place,
                name=suffix,
                identifier=f"{layout.app}.{suffix}",
                command=command,
                stop_timeout=item.stop_timeout,
            ),
        )
        for suffix in suffixes
    )
    units = tuple(file.name for file in files)
    return Program("process", name, units, units, files, MANAGER)


def schedule(layout: Layout, name: str, item: Task, place: Around) -> Program:
    """A timer and the service that it starts."""
    unit = names.unit(layout.app, name)
    timer = render("task.timer.j2", layout=layout, name=name, at=item.at)
    service = _service(
        "task.service.j2",
        layout,
        place,
        name=name,
        identifier=f"{layout.app}.{name}",
        command=_command(item.command, f"[schedule] {name}"),
    )
    files = (UnitFile(f"{unit}.timer", timer), UnitFile(f"{unit}.service", service))
    return Program("schedule", name, (files[0].name,), (files[0].name,), files, MANAGER)


def _service(template: str, layout: Layout, place: Around, **values: object) -> str:
    return render(
        template,
        layout=layout,
        release=f"{layout.base}/releases/{RELEASE}",
        sandbox=place.sandbox,
        after=" ".join(place.after),
        **values,
    )


def _command(command: str, place: str) -> str:
    return unit_command((LOOK_UP, *commands.words(command, place)))
