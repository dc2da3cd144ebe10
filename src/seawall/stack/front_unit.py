"""What seawall adds to the distribution's unit of a front server: it comes back after a crash, and is in a sandbox.

All sites of the host share it, so it keeps what any of them uses.
"""

from __future__ import annotations

from pathlib import PurePosixPath

from seawall.agent.resource import Resource
from seawall.agent.vocabulary import AtBoot, File
from seawall.config.model import Project
from seawall.stack.facts import Facts
from seawall.stack.sandbox import HOMES
from seawall.stack.templates import render
from seawall.stack.unit_files import UNITS

FILE = "10-seawall.conf"
NGINX, APACHE = "nginx.service", "apache2.service"
NGINX_PATH, APACHE_PATH = (f"/etc/systemd/system/{unit}.d/{FILE}" for unit in (NGINX, APACHE))


def nginx(project: Project, facts: Facts) -> tuple[Resource, ...]:
    """nginx's drop-in. It holds from nginx's next start on: one that serves is not restarted for it."""
    content = render(
        "front-unit.conf.j2", front="nginx", unit="nginx", needs=_needs(project, facts.nginx_needs), only_if=""
    )
    return (File(NGINX_PATH, content, service=UNITS.name), UNITS, AtBoot(NGINX))


def apache(project: Project, facts: Facts) -> tuple[Resource, ...]:
    """Apache's drop-in. A freshly installed Apache does not start by it: its welcome page is no site of ours, and nginx
    may have its ports."""
    needs = _needs(project, facts.apache_needs)
    only_if = "/etc/apache2/conf-enabled/seawall.conf"
    content = render("front-unit.conf.j2", front="Apache", unit="apache2", needs=needs, only_if=only_if)
    return (File(APACHE_PATH, content, service=UNITS.name), UNITS, AtBoot(APACHE))


def _needs(project: Project, sites: tuple[str, ...]) -> set[str]:
    return {*sites, *(["home"] if _certificate_in_a_home(project) else [])}


def _certificate_in_a_home(project: Project) -> bool:
    paths = (PurePosixPath(path) for path in (project.tls.certificate, project.tls.key) if path)
    return any(path.is_relative_to(home) for path in paths for home in HOMES)
