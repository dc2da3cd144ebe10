"""Going back to a release that was made for another front server: that one takes the site back as well."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from seawall.agent.resource import build, resource_to_wire
from seawall.agent.vocabulary import Change
from seawall.config.model import Project
from seawall.operations.hosts import Host


@dataclass(frozen=True)
class FrontBack:
    """What one host changes so that the front server of ``kind`` serves the site again."""

    host: Host
    kind: str
    changes: tuple[Change, ...]
    fingerprint: str


def plan(hosts: Sequence[Host], release: str, project: Callable[[], Project]) -> tuple[FrontBack, ...]:
    """The changes on those hosts whose live release has another front server than ``release``.

    ``project`` reads what the site is to be like; only which front server it has follows the release. Raises HostError,
    and ConfigError where the other front server cannot serve there any more.
    """
    found = []
    for host in hosts:
        facts = host.session.facts
        # A host that has only one of them has no release that was made for the other: so most need not be asked.
        if facts.get("nginx_version") and facts.get("apache_version"):
            kinds = host.session.request("fronts", release_id=release)
            if kinds["wanted"] != kinds["live"]:
                found.append(_plan_host(host, kinds["wanted"], project()))
    return tuple(found)


def _plan_host(host: Host, kind: str, project: Project) -> FrontBack:
    from seawall.stack.compose import resources_for  # late: it takes longer to load than all else that a rollback needs
    from seawall.stack.facts import Facts

    proxy = project.proxy.model_copy(update={"kind": kind})
    project = project.model_copy(update={"proxy": proxy})
    resources = resources_for(project, host.target, Facts.from_wire(host.session.facts))
    answer = host.session.request(
        "plan",
        resources=[resource_to_wire(resource) for resource in resources],
        release=None,
        domains=[*project.domains, *project.redirect_from],
    )
    changes = tuple(build(Change, change) for change in answer["changes"])
    return FrontBack(host, kind, changes, answer["fingerprint"])
