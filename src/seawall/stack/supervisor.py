"""supervisor: what runs for a release on the local target, and supervisord's own configuration.

Each program is started by a line of shell that first reads the release's ``env`` file, so no secret is in a
configuration file or a command line. supervisord listens for the web program and hands the socket over as standard
input (its manual, "[fcgi-program:x] Section Settings"); the same line passes it on by systemd's protocol, in which
application servers take it without removing its file at exit.
"""

from __future__ import annotations

from seawall.agent.vocabulary import RELEASE, Layout, Listen, Program, UnitFile
from seawall.config.model import Process, Project
from seawall.stack import commands, listening, names
from seawall.stack.app_server import AppServer
from seawall.stack.quoting import ini_command
from seawall.stack.systemd import LOOK_UP
from seawall.stack.templates import render

#: Where Debian's package has its supervisord's fragments, logs and socket.
FRAGMENTS = "/etc/supervisor/conf.d"
LOGS = "/var/log/supervisor"
SOCKET = "/run/supervisor.sock"
#: What programs are to be run by.
MANAGER = "supervisor"
#: ``$0`` is the environment file, the rest is the command.
WITH_ENVIRONMENT = 'set -a; . "$0"; exec "$@"'
WITH_SOCKET = 'set -a; . "$0"; LISTEN_FDS=1; LISTEN_PID=$$; exec "$@" 3<&0 </dev/null'


def programs(project: Project, layout: Layout, server: AppServer, listen: Listen) -> tuple[Program, ...]:
    """The app and its processes. supervisor has no timers: the schedule is left out. Raises ConfigError."""
    names.check(project)
    return (
        web(layout, server, listen),
        *(process(layout, name, item) for name, item in sorted(project.processes.items())),
    )


def web(layout: Layout, server: AppServer, listen: Listen) -> Program:
    """The application server, on a socket of the release's own."""
    content = _render(
        "web.ini.j2",
        layout,
        names.WEB,
        socket=listening.stream(layout, listen),
        tcp=bool(listen.address),
        server=server,
        stop_signal=server.stop_signal,
        stop_timeout=server.stop_timeout,
        command=_command(layout, WITH_SOCKET, server.command),
    )
    return _program("web", names.WEB, layout, content)


def process(layout: Layout, name: str, item: Process) -> Program:
    """A worker: one group of ``count`` processes."""
    command = (LOOK_UP, *commands.words(item.command, f"[processes] {name}"))
    content = _render(
        "process.ini.j2",
        layout,
        name,
        count=item.count,
        command=_command(layout, WITH_ENVIRONMENT, command),
        stop_signal="TERM",
        stop_timeout=item.stop_timeout,
    )
    return _program("process", name, layout, content)


def main_configuration(layout: Layout, user: str) -> str:
    """supervisord.conf, beside the folder of fragments; ``user`` is named where supervisord runs as root, else ""."""
    return render("supervisord.conf.j2", layout=layout, user=user)


def _program(role: str, name: str, layout: Layout, content: str) -> Program:
    group = _group(layout, name)
    return Program(role, name, (group,), (group,), (UnitFile(f"{group}.ini", content),), MANAGER)


def _group(layout: Layout, name: str) -> str:
    return names.unit(layout.app, *([] if name == names.WEB else [name]))


def _command(layout: Layout, script: str, words: tuple[str, ...]) -> str:
    return ini_command(("/bin/sh", "-c", script, f"{layout.base}/releases/{RELEASE}/env", *words))


def _render(template: str, layout: Layout, name: str, **values: object) -> str:
    release = f"{layout.base}/releases/{RELEASE}"
    return render(template, layout=layout, name=name, group=_group(layout, name), release=release, **values)
