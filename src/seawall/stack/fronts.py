"""The front servers of servers, and which of them an app has: all that the rest of the stack needs to know of one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from seawall.agent.resource import Resource
from seawall.agent.vocabulary import AtBoot, File, Layout, Listen, Service
from seawall.config.model import Project
from seawall.errors import ConfigError
from seawall.stack import apache, front_unit, nginx
from seawall.stack.facts import Facts
from seawall.stack.site import Site


@dataclass(frozen=True)
class Front:
    """A kind of front server.

    ``service`` shows the app's certificate and hears of changes, ``boot_unit`` is systemd's name of it. ``unit`` is
    what is added to the distribution's unit, ``site`` all else that lies on the host for an app, ``notes`` what people
    should know, and ``shared`` what the host's other apps need once this one is gone. ``sites`` are the files of the
    sites that it has on a host now.
    """

    kind: str
    service: Service
    boot_unit: str
    packages: tuple[str, ...]
    unit: Callable[[Project, Facts], tuple[Resource, ...]]
    site: Callable[[Site], tuple[Resource, ...]]
    notes: Callable[[Site], tuple[str, ...]]
    shared: Callable[[Layout, Facts], tuple[File, ...]]
    sites: Callable[[Facts], tuple[str, ...]]


NGINX = Front(
    "nginx",
    nginx.SERVICE,
    front_unit.NGINX,
    ("nginx",),
    front_unit.nginx,
    nginx.site,
    nginx.notes,
    nginx.shared,
    lambda facts: facts.nginx_sites,
)
APACHE = Front(
    "apache",
    apache.SERVICE,
    front_unit.APACHE,
    ("apache2",),
    front_unit.apache,
    apache.site,
    apache.notes,
    apache.shared,
    lambda facts: facts.apache_sites,
)
FRONTS = {front.kind: front for front in (NGINX, APACHE)}


def of(project: Project) -> Front:
    """The front server that a project asks for."""
    return FRONTS[project.proxy.kind]


def serving(layout: Layout, facts: Facts) -> Front:
    """The front server that has the app's site on the host now; nginx where none has."""
    return APACHE if _own(APACHE, layout, facts) else NGINX


def check(front: Front, listen: Listen) -> None:
    """Raise ConfigError for a way of asking a release that the front server does not know."""
    if front is APACHE and listen.speaks == "uwsgi" and listen.address:
        raise ConfigError(
            "Apache speaks uwsgi's own protocol on unix sockets only: mod_rewrite knows no other way to such a server",
            place="[server] socket",
            remedy='write socket = "unix"',
        )


def left_behind(layout: Layout, facts: Facts) -> tuple[Resource, ...]:
    """What must hold of the app's front server once the app is gone.

    nginx without a site listens nowhere. Apache would go on listening, and show the distribution's welcome page.
    """
    front = serving(layout, facts)
    others = set(front.sites(facts)) - set(_own(front, layout, facts))
    if front is APACHE and not others:
        return (replace(front.service, wanted=False), AtBoot(front.boot_unit, on=False))
    return (front.service, *front.shared(layout, facts))


def resources(project: Project, site: Site) -> tuple[Resource, ...]:
    """All that the project's front server holds for the app, in the place of the other one if that is there until now.

    Raises ConfigError where the other one serves more than this app.
    """
    front = of(project)
    (other,) = (found for found in FRONTS.values() if found is not front)
    made = front.site(site)
    if not _takes_over(other, front, site):
        return made
    ports = next(item.ports for item in made if isinstance(item, Service) and item.name == front.service.name)
    ready = replace(front.service, takes_over=other.service.name, ports=ports)
    return (
        replace(other.service, wanted=False, ports=ports),
        *(ready if isinstance(item, Service) and item.name == ready.name else item for item in made),
        AtBoot(other.boot_unit, on=False),
    )


def _takes_over(other: Front, front: Front, site: Site) -> bool:
    """Whether the other front server runs, and serves this app or nobody."""
    if other.kind not in site.facts.fronts_up:
        return False
    own, there = _own(other, site.layout, site.facts), other.sites(site.facts)
    others = [path for path in there if path not in own]
    if others and (own or front.kind not in site.facts.fronts_up):
        raise ConfigError(
            f"{other.service.name} serves another site of this host ({others[0]}), and only one front server can have "
            "its ports: all apps of a host share one",
            place="[proxy] kind",
            remedy=f'write "{other.kind}", or take the other sites off {other.service.name} first',
        )
    return not others


def _own(front: Front, layout: Layout, facts: Facts) -> tuple[str, ...]:
    """The files of the app's own site."""
    return tuple(path for path in front.sites(facts) if path.endswith(f"seawall-{layout.app}.conf"))
