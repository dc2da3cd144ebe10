"""The front server of the local target, as a program of its service manager: nginx, or the tool's own on granian."""

from __future__ import annotations

import json

from seawall.agent.resource import Resource
from seawall.agent.vocabulary import Directory, File, Layout, Service
from seawall.config.model import Project
from seawall.stack import cache, headers, nginx
from seawall.stack.facts import Facts
from seawall.stack.front_program import FrontProgram
from seawall.stack.managers import LocalManager
from seawall.stack.static import mounts
from seawall.stack.targets import LocalTarget

ADDRESS = "127.0.0.1"
HOST = "localhost"
WITHOUT_NGINX = (
    "there is no nginx, so seawall's own front ends TLS on granian: it serves and switches as nginx would, but has no "
    "request log, no limits, no streams, kept pages or error pages of your own, and no redirect from http"
)


def with_nginx(
    project: Project, layout: Layout, facts: Facts, target: LocalTarget, manager: LocalManager
) -> tuple[Resource, ...]:
    """nginx in front: its configuration is checked by nginx itself, and a change is a reload."""
    command = nginx.local_command(layout, facts, target)
    configuration = Service(
        "nginx",
        check=(*command, "-t"),
        reload=manager.reread(layout, target),
        pid_file=f"{layout.base}/front/nginx.pid",
    )
    return (
        *manager.front(layout, target, FrontProgram(command, "QUIT")),
        configuration,
        Directory(f"{layout.base}/front", 0o700),
        *cache.directories(project, layout),
        File(
            f"{layout.base}/front/nginx.conf",
            nginx.local_configuration(project, layout, facts, target),
            mode=0o600,
            service=configuration.name,
        ),
    )


def with_granian(project: Project, layout: Layout, target: LocalTarget, manager: LocalManager) -> tuple[Resource, ...]:
    """The tool's own front: TLS by granian, then a proxy in Python that follows the one link as nginx does."""
    command = (
        *(target.tool_python, "-I", "-m", "granian", "--interface", "asgi"),
        *("--host", ADDRESS, "--port", str(target.https_port)),
        *("--ssl-certificate", target.certificate, "--ssl-keyfile", target.key),
        "seawall.front.proxy:app",
    )
    environment = {
        # For nothing but to be another environment when the leaf is another one: then it is started anew.
        "SEAWALL_FRONT_LEAF": target.leaf,
        "SEAWALL_FRONT_LIVE": f"{layout.base}/live",
        "SEAWALL_FRONT_STATIC": json.dumps({mount.prefix: mount.name for mount in mounts(project.static)}),
        "SEAWALL_FRONT_HOSTS": json.dumps(nginx.LOCAL_HOSTS),
        "SEAWALL_FRONT_HEADERS": _json({header.name: header.value for header in headers.added(project)}),
    }
    return manager.front(layout, target, FrontProgram(command, "TERM", environment))


def _json(value: object) -> str:
    """JSON without the characters that supervisor's configuration cannot carry beside quotation marks."""
    text = json.dumps(value)
    for character in "';#":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text
