"""nginx: an app's site on a server, or a whole nginx of its own on the local target.

The upstream and the static folders lie behind the one link ``live``, which is resolved for each request, so a release
never reloads nginx.
"""

from __future__ import annotations

from seawall.agent.vocabulary import File, Layout, Link, Resource, Service
from seawall.config.model import Project
from seawall.stack.facts import Facts
from seawall.stack.static import mounts
from seawall.stack.targets import LocalTarget
from seawall.stack.templates import render
from seawall.stack.tls import SiteTls

SITES = "/etc/nginx/sites-available"
ENABLED = "/etc/nginx/sites-enabled"
LOGS = "/var/log/nginx"
SERVICE = Service(
    "nginx",
    check=("nginx", "-t"),
    reload=("systemctl", "reload", "nginx"),
    start=("systemctl", "enable", "--now", "nginx"),
    running=("systemctl", "is-active", "--quiet", "nginx"),
    pid_file="/run/nginx.pid",
)
#: Since 1.25.1 HTTP/2 is a directive; as a parameter of ``listen`` it draws a warning (ngx_http_v2_module).
HTTP2_DIRECTIVE = (1, 25, 1)
#: The first that takes ``-e`` (nginx(8)), without which a start without root complains about /var/log.
ERROR_LOG_OPTION = (1, 19, 5)


def site(
    project: Project, layout: Layout, facts: Facts, *, hosts: tuple[str, ...], tls: SiteTls | None
) -> tuple[Resource, ...]:
    """The site for a server; ``hosts`` are the names it answers to. Without ``tls`` it is plain http."""
    name = f"seawall-{layout.app}"
    values = _app(project, layout)
    content = render(
        "nginx-site.conf.j2",
        **values,
        hosts=hosts,
        tls=tls is not None,
        certificate=tls.certificate if tls else "",
        key=tls.key if tls else "",
        ipv6=facts.ipv6,
        http2_directive=facts.nginx >= HTTP2_DIRECTIVE,
        access_log=f"{LOGS}/{name}.access.log" if project.proxy.access_log else "off",
        error_log=f"{LOGS}/{name}.error.log",
    )
    path = f"{SITES}/{name}.conf"
    return (
        SERVICE,
        File(path, content, service=SERVICE.name),
        Link(f"{ENABLED}/{name}.conf", path, service=SERVICE.name),
    )


def local_configuration(project: Project, layout: Layout, facts: Facts, target: LocalTarget) -> str:
    """A whole nginx.conf: it runs in the foreground and keeps to ``layout.base``/front."""
    return render(
        "nginx-local.conf.j2",
        **_app(project, layout),
        user=target.user if target.is_root else "",
        certificate=target.certificate,
        key=target.key,
        https_port=target.https_port,
        http_port=target.http_port,
        http2_directive=facts.nginx >= HTTP2_DIRECTIVE,
        front=f"{layout.base}/front",
        access_log="/dev/stdout" if project.proxy.access_log else "off",
    )


def local_command(layout: Layout, facts: Facts, target: LocalTarget) -> tuple[str, ...]:
    """The words that run the local nginx."""
    front = f"{layout.base}/front"
    quiet = ("-e", "stderr") if facts.nginx >= ERROR_LOG_OPTION else ()
    return (target.nginx, "-p", front, *quiet, "-c", f"{front}/nginx.conf")


def _app(project: Project, layout: Layout) -> dict[str, object]:
    """What both kinds need to know of the app."""
    health = project.health.path.partition("?")[0]
    return {
        "app": layout.app,
        # nginx's names of variables and zones take no hyphen, and names of apps no underscore.
        "name": f"seawall_{layout.app.replace('-', '_')}",
        "base": layout.base,
        "live": f"{layout.base}/live",
        "maintenance": f"{layout.base}/maintenance",
        "mounts": mounts(project.static),
        "health": "" if health == "/" else health,
        "max_body": project.proxy.max_body,
        "read_timeout": project.proxy.read_timeout,
    }
