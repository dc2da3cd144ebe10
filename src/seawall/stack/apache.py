"""Apache: an app's site on a server, the same as nginx's as far as Apache's own modules go.

The app's socket and static folders lie behind the one link ``live``, which is resolved for each request, so a release
never reloads Apache.
"""

from __future__ import annotations

from dataclasses import replace

from seawall.agent.resource import Resource
from seawall.agent.vocabulary import File, Layout, Link, Service
from seawall.config.model import Project
from seawall.errors import ConfigError
from seawall.stack import apache_host, headers, limits, listening, mozilla
from seawall.stack.facts import Facts
from seawall.stack.limits import SiteLimits
from seawall.stack.site import Site
from seawall.stack.static import ERROR_PAGES, HASHED, IMMUTABLE, caching, mounts
from seawall.stack.templates import render

LOGS = "/var/log/apache2"
SERVICE = Service(
    "apache2",
    check=("apachectl", "configtest"),
    reload=("systemctl", "reload", "apache2"),
    start=("systemctl", "start", "apache2"),
    stop=("systemctl", "stop", "--no-block", "apache2"),
    running=("systemctl", "is-active", "--quiet", "apache2"),
    pid_file="/run/apache2/apache2.pid",
    ports=(80, 443),
)
#: What the text of static files is called, by the ends of their names (agent/compressed.py makes `.gz` files of these).
PACKED = (
    ("text/css", "css"),
    ("text/javascript", "m?js"),
    ("text/html", "html?"),
    ("text/plain", "txt"),
    ("text/csv", "csv"),
    ("text/markdown", "md"),
    ("text/xml", "xml"),
    ("application/json", "json|map"),
    ("application/ld+json", "jsonld"),
    ("application/manifest+json", "webmanifest"),
    ("application/rss+xml", "rss"),
    ("application/wasm", "wasm"),
    ("image/svg+xml", "svg"),
    ("image/x-icon", "ico"),
    ("font/otf", "otf"),
    ("font/ttf", "ttf"),
)
#: What Apache has no means of its own for.
UNLIMITED = (
    "Apache cannot count requests by address: limits.rate and limits.connections, and the rates of limits.routes, are "
    'not enforced; proxy.kind = "nginx" enforces them'
)


def site(site: Site) -> tuple[Resource, ...]:
    """The site for a server. Raises ConfigError for headers and limits that cannot be."""
    path, enabled = paths(site.layout.app, by_address=not site.project.domains)
    return (
        # Something else of this host may end TLS, and has port 443 then.
        SERVICE if site.tls else replace(SERVICE, ports=(80,)),
        *apache_host.resources(site.facts, SERVICE.name, tls=site.tls is not None),
        File(path, _content(site), service=SERVICE.name),
        Link(enabled, f"../sites-available/{path.rpartition('/')[2]}", service=SERVICE.name),
    )


def paths(app: str, *, by_address: bool) -> tuple[str, str]:
    """The site's file and link. One that is known by its address comes first: the first of a port answers for it."""
    name = f"{'000-' if by_address else ''}seawall-{app}.conf"
    return f"{apache_host.ROOT}/sites-available/{name}", f"{apache_host.ROOT}/sites-enabled/{name}"


def shared(_layout: Layout, _facts: Facts) -> tuple[File, ...]:
    """What the host's other apps need once this one is gone: nothing that they do not have."""
    return ()


def notes(site: Site) -> tuple[str, ...]:
    """What a person should know of the host's other sites, and of what Apache cannot do."""
    said = apache_host.notes(site.facts, tls=site.tls is not None)
    if limits.of_site(site.project).any:
        said += (UNLIMITED,)
    if not site.facts.apache_version:
        said += ("the package apache2 brings a welcome page, which is taken out again",)
    return said


def _check(project: Project) -> None:
    """Raises ConfigError for what only nginx does here."""
    proxy = project.proxy
    wanted = {"cache": proxy.cache.paths, "request_id_from": proxy.request_id_from}
    for key, value in wanted.items():
        if value:
            raise ConfigError(
                f"Apache does not have proxy.{key} here", place="[proxy]", remedy='leave it out, or take kind = "nginx"'
            )


def _content(site: Site) -> str:
    _check(site.project)
    project, layout, app = site.project, site.layout, site.layout.app
    health = project.health.path.partition("?")[0]
    limited = limits.of_site(project, health="" if health == "/" else health)
    return render(
        "apache-site.conf.j2",
        app=app,
        live=f"{layout.base}/live",
        maintenance=f"{layout.base}/maintenance",
        loopback=listening.address(layout),
        hosts=site.hosts,
        by_address=not project.domains,
        redirect_from=project.redirect_from,
        main=site.main if project.redirect_from else "",
        tls=site.tls,
        curves=mozilla.curves(site.facts),
        headers=headers.added(project, hsts=site.tls.hsts if site.tls else ""),
        mounts=mounts(project.static),
        packed=PACKED,
        caching=caching(project),
        hashed=HASHED,
        immutable=IMMUTABLE,
        limits=limited,
        max_body=project.proxy.max_body,
        read_timeout=project.proxy.read_timeout,
        timeouts=_timeouts(project, limited),
        log=project.proxy.access_log,
        access_log=f"{LOGS}/seawall-{app}.access.log",
        compress=project.proxy.compress,
        error_pages=f"{layout.base}/live/static/{ERROR_PAGES}" if project.proxy.error_pages else "",
        error_log=f"{LOGS}/seawall-{app}.error.log",
    )


def _timeouts(project: Project, limited: SiteLimits) -> tuple[int, ...]:
    """The different read timeouts, each of which takes a worker of mod_proxy of its own."""
    own = (location.read_timeout for location in limited.locations if location.read_timeout)
    return tuple(sorted({project.proxy.read_timeout, *own}))
