"""supervisor on a server: Debian's own package, and the rights that a program is left with.

supervisord runs as root, and so does the first shell of each program: it opens the release's ``env`` file, which is
root's alone, and becomes setpriv(1), which gives up every right but those of the app's user. Only the shell after that
reads the variables from the open file, so nothing in them (``LD_PRELOAD``, say) acts on a process of root.
"""

from __future__ import annotations

from seawall.agent.resource import Resource
from seawall.agent.vocabulary import Directory, File, Layout, Listen, Program, Service
from seawall.config.model import Project
from seawall.config.security import Sandbox
from seawall.errors import ConfigError
from seawall.stack import sandbox, supervisor, systemd
from seawall.stack.app_server import AppServer
from seawall.stack.supervisor import Setting
from seawall.stack.templates import render
from seawall.stack.unit_files import UNIT_DIR, UNITS

PACKAGES = ("supervisor",)
SERVICE = Service(
    "supervisor",
    start=("systemctl", "enable", "--now", "supervisor"),
    running=("systemctl", "is-active", "--quiet", "supervisor"),
)
DROP_IN = f"{UNIT_DIR}/supervisor.service.d/10-seawall.conf"
#: Who reads logs on Debian.
LOG_GROUP = "adm"
SHELL = ("/bin/sh", "-c")
#: ``$0`` is the environment file, opened as root; the rest is the command.
AS_ROOT = 'ulimit -c 0; exec "$@" 9<"$0"'
#: The variables, read where the app's user runs already.
VARIABLES = 'set -a; eval "$(/bin/cat <&9)"; exec 9<&-; '
SETPRIV = "/usr/bin/setpriv"
#: Nothing of root's is left, and nothing can be gained (setpriv(1), capabilities(7)).
NO_GAIN = ("--no-new-privs", "--bounding-set=-all")
NO_CAPABILITIES = ("--inh-caps=-all", "--ambient-caps=-all")
MISSING = (
    "under supervisor the app runs as its own user, without capabilities and without a way to gain rights; the rest of "
    "the sandbox is missing: a read-only file system, a /tmp and devices of its own, hidden homes and processes, the "
    "filter of system calls"
)


def programs(project: Project, layout: Layout, server: AppServer, listen: Listen) -> tuple[Program, ...]:
    """The app and its processes by supervisor, its schedule by systemd. Raises ConfigError."""
    _check(project.sandbox)
    return (
        *supervisor.programs(project, layout, server, listen, _setting(project, layout)),
        *systemd.schedules(project, layout),
    )


def unit() -> tuple[Resource, ...]:
    """What is added to the distribution's unit. All apps of the host share it, and it holds at once."""
    return (File(DROP_IN, render("supervisor-unit.conf.j2"), service=UNITS.name), UNITS)


def resources(layout: Layout) -> tuple[Resource, ...]:
    """supervisord runs, and has a folder for the app's logs, which are nobody else's to read."""
    return (SERVICE, Directory(layout.logs, 0o750, "root", LOG_GROUP))


def notes(project: Project) -> tuple[str, ...]:
    """What systemd would give and supervisor cannot."""
    tasks = ", ".join(sorted(project.schedule))
    timers = f"supervisor has no timers, so the schedule stays with systemd: {tasks}"
    return (MISSING, timers) if tasks else (MISSING,)


def _setting(project: Project, layout: Layout) -> Setting:
    gain = () if "privileges" in project.sandbox.allow else NO_GAIN
    rights = (f"--reuid={layout.user}", f"--regid={layout.group}", "--init-groups", *NO_CAPABILITIES, *gain)
    return Setting(
        suffix=".conf",
        start=(*SHELL, AS_ROOT, supervisor.environment_file(layout), SETPRIV, *rights, "--", *SHELL),
        variables=VARIABLES,
        environment=(("USER", layout.user), ("LOGNAME", layout.user)),
        umask=sandbox.umask(project.sandbox),
        socket_owner=f"{layout.user}:{layout.front_group}",
        socket_mode="0660",
    )


def _check(box: Sandbox) -> None:
    """Raises ConfigError for what was asked of the sandbox and would silently not hold."""
    asked = {
        'level = "strict"': box.level == "strict",
        f"outbound = {box.outbound!r}": box.outbound != "any",
        f'memory = "{box.memory}"': bool(box.memory),
    }
    wanted = ", ".join(name for name, is_asked in asked.items() if is_asked)
    if wanted:
        raise ConfigError(
            f"supervisor cannot give what [sandbox] asks for: {wanted}",
            place="[process] manager",
            remedy='keep manager = "systemd", or take that out of [sandbox]',
        )
