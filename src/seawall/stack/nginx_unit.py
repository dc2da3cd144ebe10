"""What seawall adds to the distribution's unit of nginx: it comes back after a crash, and it is in a sandbox.

All sites of the host share it, so it keeps what any of them uses.
"""

from __future__ import annotations

from pathlib import PurePosixPath

from seawall.agent.vocabulary import File, Resource
from seawall.config.model import Project
from seawall.stack.facts import Facts
from seawall.stack.sandbox import HOMES
from seawall.stack.templates import render
from seawall.stack.tls import UNITS

PATH = "/etc/systemd/system/nginx.service.d/10-seawall.conf"


def resources(project: Project, facts: Facts) -> tuple[Resource, ...]:
    """The drop-in. It holds from nginx's next start on: one that serves is not restarted for it."""
    needs = {*facts.nginx_needs, *(["home"] if _certificate_in_a_home(project) else [])}
    return (File(PATH, render("nginx-unit.conf.j2", needs=needs), service=UNITS.name), UNITS)


def _certificate_in_a_home(project: Project) -> bool:
    paths = (PurePosixPath(path) for path in (project.tls.certificate, project.tls.key) if path)
    return any(path.is_relative_to(home) for path in paths for home in HOMES)
