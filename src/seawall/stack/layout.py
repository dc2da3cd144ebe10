"""Where an app lives on its target. Known before anything else is: a session with a host begins with it."""

from __future__ import annotations

from seawall.agent.vocabulary import Layout
from seawall.config.model import Project
from seawall.errors import ConfigError, ProjectError
from seawall.stack.targets import LocalTarget, Target
from seawall.stack.unit_files import UNIT_DIR

BUILD_USER = "seawall-build"
#: Debian's nginx runs as this group.
FRONT_GROUP = "www-data"
STATE = "/var/lib/seawall"
#: Where Debian's supervisord has its fragments, its logs and its socket.
FRAGMENTS = "/etc/supervisor/conf.d"
LOGS = "/var/log/supervisor"
SUPERVISOR = "/run/supervisor.sock"
#: A unix socket's path has at most 107 bytes (unix(7)); the longest here is supervisord's, while it makes it.
LONGEST_SOCKET = len("/run/supervisor.sock.4194304")
SOCKET_PATH = 107
#: Users that Debian's base, nginx or usual services bring; an app of that name would run as one of them.
# fmt: off
TAKEN_USERS = frozenset({
    "apache", "backup", "bin", "daemon", "dnsmasq", "games", "gnats", "irc", "list", "lp", "mail", "man",
    "memcache", "messagebus", "mysql", "news", "nginx", "nobody", "ntp", "polkitd", "postfix", "postgres",
    "proxy", "rabbitmq", "redis", "root", "seawall-build", "sshd", "sync", "sys", "systemd-coredump",
    "systemd-network", "systemd-resolve", "systemd-timesync", "uucp", "www-data",
})
# fmt: on


def layout_for(project: Project, target: Target) -> Layout:
    """Where the app lives on the target. Raises ConfigError, ProjectError."""
    if isinstance(target, LocalTarget):
        return local_layout_of(project.app_id, target)
    return layout_of(project.app_id)


def layout_of(app: str) -> Layout:
    """Where an app of this name lives on a server. Raises ConfigError for the name of a system user."""
    if app in TAKEN_USERS:
        raise ConfigError(
            f"the app would run as the user {app!r}, which belongs to the system",
            place="name",
            remedy="choose another name",
        )
    return Layout(
        app=app,
        base=f"/srv/{app}",
        run=f"/run/seawall/{app}",
        units=UNIT_DIR,
        fragments=FRAGMENTS,
        logs=f"{LOGS}/seawall-{app}",
        supervisor=SUPERVISOR,
        uv=f"{STATE}/uv/bin/uv",
        user=app,
        group=app,
        build_user=BUILD_USER,
        front_group=FRONT_GROUP,
    )


def local_layout_of(app: str, target: LocalTarget) -> Layout:
    """Where the app lives on this machine. Raises ProjectError where a path would be too long for a socket."""
    base = f"{target.directory}/{target.folder}"
    over = len(base.encode("utf-8", "surrogateescape")) + LONGEST_SOCKET - SOCKET_PATH
    if over > 0:
        raise ProjectError(
            f"the path of the project is too long by {over} for the sockets in its {target.folder}",
            place=target.directory,
            remedy="work in a folder with a shorter path",
        )
    return Layout(
        app=app,
        base=base,
        run=f"{base}/run",
        units=_user_units(target),
        fragments=f"{base}/supervisor/conf.d",
        logs=f"{base}/logs",
        supervisor=f"{base}/run/supervisor.sock",
        uv=target.uv,
    )


def _user_units(target: LocalTarget) -> str:
    """The folder of runtime units (systemd.unit(5), "Unit File Load Path"); "" without a user manager."""
    return f"{target.runtime}/systemd/user" if target.runtime else ""
