"""A Redis of the app's own: a unit, a user and a folder for each app, and a unix socket that only the app may use.

Redis and not Valkey, also where a distribution has both: every release that seawall knows has Redis, and each reads the
files of the ones before it, so an app can move on to a newer host. Valkey reads none of Redis 7.4 and later.
"""

from __future__ import annotations

import hashlib

from seawall.agent.data.vocabulary import RedisServer
from seawall.agent.resource import Resource
from seawall.agent.vocabulary import Directory, File, Layout, Link, Service, User
from seawall.config.model import Project
from seawall.stack.facts import Facts
from seawall.stack.quoting import in_bytes
from seawall.stack.templates import render
from seawall.stack.unit_files import UNIT_DIR, UNITS

#: Its programs, without the server for everybody that Debian's redis-server starts.
PACKAGES = ("redis-tools",)
CONFIGURATION = "/etc/seawall"
MIB = 1024 * 1024
SHARE, LEAST, MOST = 16, 32 * MIB, 1024 * MIB
#: Where the host does not say what it has.
UNKNOWN = 1024 * MIB
#: Has a server that runs take what of its settings may differ, without a restart; redis-cli always ends well.
SET = (
    'test "$(redis-cli -s "$0" CONFIG SET maxmemory "$1")" = OK && '
    'test "$(redis-cli -s "$0" CONFIG SET maxmemory-policy "$2")" = OK'
)
#: The longest name of a user (useradd(8)).
LONGEST = 32


def packages(project: Project) -> tuple[str, ...]:
    """The distribution's packages."""
    return PACKAGES if project.redis.enabled else ()


def units(project: Project) -> tuple[str, ...]:
    """The units of systemd that the app is started after at boot."""
    return (unit(project.app_id),) if project.redis.enabled else ()


def server(project: Project, layout: Layout) -> RedisServer | None:
    """The app's Redis, for the jobs that back it up; None where it has none."""
    if not project.redis.enabled:
        return None
    return RedisServer(socket(layout.app), f"{layout.base}/redis", unit(layout.app))


def resources(project: Project, layout: Layout, facts: Facts) -> tuple[Resource, ...]:
    """What the host holds for it."""
    there = server(project, layout)
    if there is None:
        return ()
    user = user_of(layout.app)
    conf = f"{CONFIGURATION}/redis-{layout.app}.conf"
    service = Service(
        name(layout.app),
        start=("systemctl", "start", there.unit),
        running=("systemctl", "is-active", "--quiet", there.unit),
        reload=("/bin/sh", "-c", SET, there.socket, str(size(project, facts)), project.redis.policy),
    )
    values = {"app": layout.app, "socket": there.socket, "folder": there.folder}
    settings = render("redis.conf.j2", **values, memory=size(project, facts), policy=project.redis.policy)
    written = render("redis.service.j2", **values, user=user, group=layout.group, conf=conf, name=name(layout.app))
    path = f"{UNIT_DIR}/{there.unit}"
    return (
        User(user, there.folder),
        Directory(CONFIGURATION, 0o755, "root", "root"),
        Directory(there.folder, 0o700, user, user),
        File(conf, settings, service=service.name),
        File(path, written, service=UNITS.name),
        Link(f"{UNIT_DIR}/multi-user.target.wants/{there.unit}", path, service=UNITS.name),
        UNITS,
        service,
    )


def ended(layout: Layout, facts: Facts) -> tuple[Service, ...]:
    """The end of a Redis that the host still has for the app, but not of its data. A systemd that has read that the
    unit is gone no longer knows of its folder in /run."""
    if not _is_there(layout.app, facts):
        return ()
    start = ("systemctl", "start", unit(layout.app))
    stop = ("/bin/sh", "-c", 'systemctl stop "$0" && rm -rf "$1"', unit(layout.app), f"/run/{name(layout.app)}")
    running = ("systemctl", "is-active", "--quiet", unit(layout.app))
    return (Service(name(layout.app), start=start, running=running, stop=stop, wanted=False),)


def notes(project: Project, facts: Facts) -> tuple[str, ...]:
    """What a person should know where one ends."""
    if project.redis.enabled or not _is_there(project.app_id, facts):
        return ()
    return ("what the app's Redis holds stays on the host; `seawall destroy --with-data` removes it with the app",)


def _is_there(app: str, facts: Facts) -> bool:
    return any(word.split()[0] == unit(app) for word in facts.redis_servers)


def url(project: Project, layout: Layout) -> str:
    """Where the app finds it."""
    return f"{project.redis.scheme}://{socket(layout.app)}"


def size(project: Project, facts: Facts) -> int:
    """The bytes that its data may take."""
    said = project.redis.memory
    if said != "auto":
        return in_bytes(said)
    return max(LEAST, min(MOST, facts.part_of_memory(SHARE, UNKNOWN)))


def memory(project: Project, facts: Facts) -> int:
    """The bytes of the host's memory that the Redis servers of all apps may take, with what a rewrite of their files
    takes meanwhile."""
    there = dict(word.split() for word in facts.redis_servers)
    others = sum(int(taken) for name_there, taken in there.items() if name_there != unit(project.app_id))
    own = size(project, facts) if project.redis.enabled else 0
    return (own + others) * 3 // 2


def name(app: str) -> str:
    """What its unit is called, without the suffix."""
    return f"seawall-redis-{app}"


def unit(app: str) -> str:
    return f"{name(app)}.service"


def socket(app: str) -> str:
    return f"/run/{name(app)}/redis.sock"


def user_of(app: str) -> str:
    """Its user. No app's name has an underscore, so it is nobody else's; a long one is told by its hash."""
    whole = f"redis_{app}"
    if len(whole) <= LONGEST:
        return whole
    return f"{whole[: LONGEST - 9]}_{hashlib.sha256(app.encode()).hexdigest()[:8]}"
