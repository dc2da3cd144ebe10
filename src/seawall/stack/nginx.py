"""nginx: an app's site on a server, or a whole nginx of its own on the local target.

The upstream and the static folders lie behind the one link ``live``, which is resolved for each request, so a release
never reloads nginx.
"""

from __future__ import annotations

from dataclasses import replace

from seawall.agent.resource import Resource
from seawall.agent.vocabulary import File, Layout, Link, Service
from seawall.config.model import Project
from seawall.stack import cache, headers, limits, listening, mozilla, nginx_host
from seawall.stack.facts import Facts
from seawall.stack.site import Site
from seawall.stack.static import ERROR_PAGES, HASHED, IMMUTABLE, caching, mounts
from seawall.stack.targets import LocalTarget
from seawall.stack.templates import render

SITES = "/etc/nginx/sites-available"
ENABLED = "/etc/nginx/sites-enabled"
LOGS = "/var/log/nginx"
SERVICE = Service(
    "nginx",
    check=("nginx", "-t"),
    reload=("systemctl", "reload", "nginx"),
    start=("systemctl", "start", "nginx"),
    stop=("systemctl", "stop", "--no-block", "nginx"),
    running=("systemctl", "is-active", "--quiet", "nginx"),
    pid_file="/run/nginx.pid",
    ports=(80, 443),
)
#: Since 1.25.1 HTTP/2 is a directive; as a parameter of ``listen`` it draws a warning (ngx_http_v2_module).
HTTP2_DIRECTIVE = (1, 25, 1)
#: The first that takes ``-e`` (nginx(8)), without which a start without root complains about /var/log.
ERROR_LOG_OPTION = (1, 19, 5)
#: Debian's packages of modules that compress by brotli, and the directives that they bring.
BROTLI = {"libnginx-mod-http-brotli-static": "brotli_static", "libnginx-mod-http-brotli-filter": "brotli"}
#: What a browser on this machine calls it; any other name is another site's trick (DNS rebinding).
LOCAL_HOSTS = ("localhost", "127.0.0.1", "[::1]")


def site(site: Site) -> tuple[Resource, ...]:
    """The site for a server. Raises ConfigError for headers and limits that cannot be."""
    project, layout, facts, tls = site.project, site.layout, site.facts, site.tls
    name = f"seawall-{layout.app}"
    enabled = f"{ENABLED}/{name}.conf"
    own_default = tls is not None and not project.domains
    content = render(
        "nginx-site.conf.j2",
        **_app(project, layout, facts, log=f"{LOGS}/{name}.access.log", hsts=tls.hsts if tls else ""),
        hosts=site.hosts,
        by_address=not project.domains,
        redirect_from=project.redirect_from,
        main=site.main if project.redirect_from else "",
        tls=tls,
        curves=mozilla.curves(facts),
        addresses=lambda port: nginx_host.addresses(facts, port),
        defaults=nginx_host.catch_all(facts, 443, enabled).addresses if own_default else (),
        http2_directive=facts.nginx >= HTTP2_DIRECTIVE,
        error_log=f"{LOGS}/{name}.error.log",
    )
    path = f"{SITES}/{name}.conf"
    return (
        # Something else of this host may end TLS, and has port 443 then.
        SERVICE if tls else replace(SERVICE, ports=(80,)),
        *cache.directories(project, layout),
        *nginx_host.resources(facts, SERVICE.name, own_site=enabled, tls=tls is not None, own_default=own_default),
        File(path, content, service=SERVICE.name),
        Link(enabled, path, service=SERVICE.name),
    )


def shared(layout: Layout, facts: Facts) -> tuple[File, ...]:
    """What the host's other apps need once this one is gone: it may have answered for unknown hosts until now."""
    if facts.nginx < nginx_host.REJECTS_HANDSHAKES:
        return ()
    own_site = f"{ENABLED}/seawall-{layout.app}.conf"
    wanted = nginx_host.resources(facts, SERVICE.name, own_site=own_site, tls=True, own_default=False)
    return tuple(item for item in wanted if isinstance(item, File))


def notes(site: Site) -> tuple[str, ...]:
    """What a person should know of the host's other sites."""
    own_site = f"{ENABLED}/seawall-{site.layout.app}.conf"
    said = nginx_host.notes(site.facts, own_site=own_site, tls=site.tls is not None)
    if not site.facts.nginx_version:
        said += ("the package nginx brings a welcome page, which is taken out again",)
    return said


def local_configuration(project: Project, layout: Layout, facts: Facts, target: LocalTarget) -> str:
    """A whole nginx.conf: it runs in the foreground and keeps to ``layout.base``/front."""
    return render(
        "nginx-local.conf.j2",
        **_app(project, layout, facts, log="/dev/stdout"),
        tls=True,
        hosts=LOCAL_HOSTS,
        curves=mozilla.curves(facts),
        user=target.user if target.is_root else "",
        certificate=target.certificate,
        key=target.key,
        leaf=target.leaf,
        https_port=target.https_port,
        http_port=target.http_port,
        http2_directive=facts.nginx >= HTTP2_DIRECTIVE,
        front=f"{layout.base}/front",
    )


def local_command(layout: Layout, facts: Facts, target: LocalTarget) -> tuple[str, ...]:
    """The words that run the local nginx."""
    front = f"{layout.base}/front"
    quiet = ("-e", "stderr") if facts.nginx >= ERROR_LOG_OPTION else ()
    return (target.nginx, "-p", front, *quiet, "-c", f"{front}/nginx.conf")


def _app(project: Project, layout: Layout, facts: Facts, *, log: str, hsts: str = "") -> dict[str, object]:
    """What both kinds need to know of the app; ``log`` is the path of its log of requests."""
    health = project.health.path.partition("?")[0]
    health = "" if health == "/" else health
    # nginx's names of variables and zones take no hyphen, and names of apps no underscore. What is added to it has one
    # underscore, lest two apps meet, and 7 characters at most: nginx has room for 46 (ngx_hash.c).
    name = f"seawall_{layout.app.replace('-', '_')}"
    return {
        "app": layout.app,
        "name": name,
        "request_id": f"{name}_id" if project.proxy.request_id_from else "request_id",
        "base": layout.base,
        "live": f"{layout.base}/live",
        "loopback": listening.address(layout),
        "log": project.proxy.access_log,
        "access_log": {"json": f"{log} {name}", "combined": f"{log} combined", "off": "off"}[project.proxy.access_log],
        "request_id_from": project.proxy.request_id_from,
        "compress": project.proxy.compress,
        "error_pages": f"{layout.base}/live/static/{ERROR_PAGES}" if project.proxy.error_pages else "",
        "cache": cache.of_site(project, layout),
        "maintenance": f"{layout.base}/maintenance",
        "mounts": mounts(project.static),
        "caching": caching(project),
        "hashed": HASHED,
        "immutable": IMMUTABLE,
        "modules": {*facts.nginx_modules, *(BROTLI[name] for name in project.packages if name in BROTLI)},
        "headers": headers.added(project, hsts=hsts),
        "limits": limits.of_site(project, health=health),
        "max_body": project.proxy.max_body,
        "read_timeout": project.proxy.read_timeout,
    }
