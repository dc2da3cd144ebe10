"""supervisor: what runs for a release, as one fragment of its configuration for each program.

Each program is started by a line of shell that first reads the release's ``env`` file, so no secret is in a
configuration file or a command line. supervisord listens for the web program and hands the socket over as standard
input (its manual, "[fcgi-program:x] Section Settings"); the same line passes it on by systemd's protocol, in which
application servers take it without removing its file at exit. It also marks in the log where each start begins.
"""

from __future__ import annotations

from dataclasses import dataclass

from seawall.agent.vocabulary import BEGINS, RELEASE, Layout, Listen, Program, UnitFile
from seawall.config.model import Process, Project
from seawall.stack import commands, listening, names
from seawall.stack.app_server import AppServer
from seawall.stack.quoting import ini_command
from seawall.stack.systemd import LOOK_UP
from seawall.stack.templates import render

#: What programs are to be run by.
MANAGER = "supervisor"
#: supervisord closes a socket when the last process of its group ends. So a second one, which does nothing, keeps it:
#: requests wait in it, and are not lost, while the server is started again after a crash. ``$1`` is the number.
HOLD = 'test "$1" = 1 || exec /bin/sleep infinity </dev/null 9<&-; shift; '
BEGIN = f"echo '{BEGINS}'; "
#: The socket, standard input so far, as descriptor 3 (sd_listen_fds(3)).
WITH_SOCKET = 'LISTEN_FDS=1; LISTEN_PID=$$; exec "$@" 3<&0 </dev/null'
PLAINLY = 'exec "$@"'
#: supervisor puts a process's number here.
NUMBER = "%(process_num)d"


@dataclass(frozen=True)
class Setting:
    """What differs between a server and this machine.

    Fragments have names with ``suffix``. ``start`` are the words before the line of shell, ``variables`` the part of it
    that reads them; ``environment`` is added to what programs start from.
    """

    suffix: str
    start: tuple[str, ...]
    variables: str
    socket_mode: str
    umask: str
    socket_owner: str = ""
    environment: tuple[tuple[str, str], ...] = ()


def programs(
    project: Project, layout: Layout, server: AppServer, listen: Listen, setting: Setting
) -> tuple[Program, ...]:
    """The app and its processes. supervisor has no timers: the schedule is left out. Raises ConfigError."""
    names.check(project)
    return (
        web(layout, server, listen, setting),
        *(process(layout, name, item, setting) for name, item in sorted(project.processes.items())),
    )


def web(layout: Layout, server: AppServer, listen: Listen, setting: Setting) -> Program:
    """The application server, on a socket of the release's own."""
    words = _words(layout, setting, HOLD + BEGIN + setting.variables + WITH_SOCKET)
    content = _render(
        "web.ini.j2",
        layout,
        names.WEB,
        setting,
        socket=listening.stream(layout, listen),
        tcp=bool(listen.address),
        server=server,
        stop_signal=server.stop_signal,
        stop_timeout=server.stop_timeout,
        command=f"{ini_command(words)} {NUMBER} {ini_command(server.command)}",
    )
    return _program("web", names.WEB, layout, setting, content)


def process(layout: Layout, name: str, item: Process, setting: Setting) -> Program:
    """A worker: one group of ``count`` processes."""
    command = (LOOK_UP, *commands.words(item.command, f"[processes] {name}"))
    content = _render(
        "process.ini.j2",
        layout,
        name,
        setting,
        count=item.count,
        command=ini_command((*_words(layout, setting, BEGIN + setting.variables + PLAINLY), *command)),
        stop_signal="TERM",
        stop_timeout=item.stop_timeout,
    )
    return _program("process", name, layout, setting, content)


def environment_file(layout: Layout) -> str:
    """Where the variables of a release are."""
    return f"{_release(layout)}/env"


def _program(role: str, name: str, layout: Layout, setting: Setting, content: str) -> Program:
    group = _group(layout, name)
    return Program(role, name, (group,), (group,), (UnitFile(f"{group}{setting.suffix}", content),), MANAGER)


def _group(layout: Layout, name: str) -> str:
    return names.unit(layout.app, *([] if name == names.WEB else [name]))


def _release(layout: Layout) -> str:
    return f"{layout.base}/releases/{RELEASE}"


def _words(layout: Layout, setting: Setting, script: str) -> tuple[str, ...]:
    """``$0`` of the script is the environment file."""
    return (*setting.start, script, environment_file(layout))


def _render(template: str, layout: Layout, name: str, setting: Setting, **values: object) -> str:
    group, release = _group(layout, name), _release(layout)
    environment = {
        "PATH": f"{release}/venv/bin:/usr/local/bin:/usr/bin:/bin",
        "VIRTUAL_ENV": f"{release}/venv",
        "HOME": f"{layout.base}/data",
        "PYTHONUNBUFFERED": "1",
        **dict(setting.environment),
    }
    return render(
        template,
        layout=layout,
        name=name,
        group=group,
        release=release,
        setting=setting,
        environment=environment,
        **values,
    )
