"""A server: a service manager runs the app as a user of its own, a web server is in front."""

from __future__ import annotations

from seawall.agent.resource import Resource
from seawall.agent.vocabulary import RELEASE, Directory, File, FrontDoor, Layout, Package, User, Uv
from seawall.config.model import Project
from seawall.stack import (
    alerts,
    app_servers,
    data,
    fronts,
    listening,
    managers,
    pgbouncer,
    redis,
    release,
    tls,
)
from seawall.stack.app_server import Surroundings
from seawall.stack.composition import Composition, Inputs
from seawall.stack.facts import Facts
from seawall.stack.layout import BUILD_USER, STATE, layout_of
from seawall.stack.site import Site
from seawall.stack.targets import ServerTarget
from seawall.stack.templates import render

CACHE = "/var/cache/seawall"
#: The uv on servers; it changes with seawall, not by itself.
UV_VERSION = "0.13.8"
LOOPBACK = "127.0.0.1"
#: Besides the front server's. venv is Debian's separate package of a module of Python's own; uv's home is made with it.
PACKAGES = ("python3-venv",)


def compose(inputs: Inputs, target: ServerTarget) -> Composition:
    """What a server should hold for the app. Raises ConfigError, ProjectError."""
    project = inputs.project
    layout = layout_of(project.app_id)
    hosts = names(project, inputs.facts, target)
    front, manager = fronts.of(project), managers.of_server(project)
    site = Site(project, layout, inputs.facts, hosts, tls.of_site(project))
    port = 443 if site.tls else 80
    stats = f"{layout.run}/{RELEASE}/stats.sock" if manager.gives_folder else ""
    around = Surroundings(layout.base, "/dev/shm", stats)  # noqa: S108 - a tmpfs
    server = app_servers.made(inputs, around)
    listen = listening.listen(project, server, layout)
    made = release.build(
        inputs,
        server=server,
        listen=listen,
        programs=manager.programs(project, layout, server, listen),
        front=FrontDoor(LOOPBACK, port, site.tls is not None, _one_host(hosts), project.health.path, front.kind),
    )
    fronts.check(front, made.listen)
    notes = (
        *app_servers.notes(inputs),
        *tls.notes(project),
        *front.notes(site),
        *manager.notes(project),
        *data.notes(inputs),
    )
    secret = (*data.secret_resources(inputs, layout), *alerts.secret_resources(inputs, layout))
    resources = (*_resources(site, target), *secret)
    return Composition(layout, resources, made, notes)


def resources(project: Project, facts: Facts, target: ServerTarget) -> tuple[Resource, ...]:
    """What the server holds for the app besides its releases. Raises ConfigError."""
    hosts = names(project, facts, target)
    return _resources(Site(project, layout_of(project.app_id), facts, hosts, tls.of_site(project)), target)


def _resources(site: Site, target: ServerTarget) -> tuple[Resource, ...]:
    project, layout = site.project, site.layout
    front, manager = fronts.of(project), managers.of_server(project)
    return (
        *(() if project.redis.enabled else redis.ended(layout, site.facts)),
        *(() if project.database.pool else pgbouncer.ended(site.facts)),
        *front.unit(project, site.facts),
        *manager.unit(),
        *_packages(project, (*front.packages, *manager.packages, *data.packages(project))),
        *_users(layout),
        *_directories(layout),
        *_sockets(layout),
        *manager.resources(layout),
        Uv(f"{STATE}/uv", UV_VERSION, BUILD_USER),
        *tls.resources(project, (*site.hosts, *project.redirect_from), front.service, target.address),
        *fronts.resources(project, site),
        *data.resources(project, layout, site.facts),
        *alerts.resources(project, layout, site.tls, target.address),
    )


def names(project: Project, facts: Facts, target: ServerTarget) -> tuple[str, ...]:
    """The host names the site answers to; without domains, the addresses the host is known by."""
    addresses = (_in_url(address) for address in (target.address, facts.address) if address)
    return project.domains or tuple(dict.fromkeys(addresses)) or ("localhost",)


def _in_url(address: str) -> str:
    return f"[{address}]" if ":" in address else address


def _one_host(hosts: tuple[str, ...]) -> str:
    """The name for our own questions: the first, with a word for the star of a wildcard."""
    return hosts[0].replace("*", "www", 1)


def _packages(project: Project, own: tuple[str, ...]) -> tuple[Package, ...]:
    return tuple(Package(name) for name in dict.fromkeys((*own, *PACKAGES, *project.packages)))


def _users(layout: Layout) -> tuple[User, ...]:
    return (User(layout.user, f"{layout.base}/data"), User(BUILD_USER, CACHE))


def _sockets(layout: Layout) -> tuple[Resource, ...]:
    """The folder of the sockets: systemd would make it, supervisor does not, and a rollback may lead to either."""
    content = render("run-folder.conf.j2", layout=layout)
    return (Directory(layout.run, 0o755, "root", "root"), File(f"/etc/tmpfiles.d/seawall-{layout.app}.conf", content))


def _directories(layout: Layout) -> tuple[Directory, ...]:
    base = layout.base
    return (
        Directory(STATE, 0o755, "root", "root"),
        Directory(CACHE, 0o750, BUILD_USER, BUILD_USER),
        Directory(base, 0o755, "root", "root"),
        Directory(f"{base}/releases", 0o755, "root", "root"),
        Directory(f"{base}/objects", 0o700, "root", "root"),
        # The app's own: a token in a requirement, or its installed code, is no other app's to read.
        Directory(f"{base}/venvs", 0o750, "root", layout.group),
        Directory(f"{base}/resolved", 0o750, "root", BUILD_USER),
        # Not its group's either: the build user has that group while it builds.
        Directory(f"{base}/data", 0o700, layout.user, layout.group),
        Directory(f"{base}/state", 0o700, "root", "root"),
    )
