"""Stopping: the app for a while (maintenance, down), or for good (destroy)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from seawall.agent.resource import resource_to_wire
from seawall.config.model import Project
from seawall.operations.hosts import Host, database_hosts, person
from seawall.stack import database_host
from seawall.stack.compose import left_behind
from seawall.stack.facts import Facts


@dataclass(frozen=True)
class Destroyed:
    """What was removed from a host and what was kept there, as paths."""

    host: str
    removed: tuple[str, ...]
    kept: tuple[str, ...]


def stop(hosts: Sequence[Host]) -> None:
    """Stop everything of the app; its releases and data stay, and the next deploy or `up` starts it again."""
    for host in hosts:
        host.session.request("stop", by=person())


def set_maintenance(hosts: Sequence[Host], *, on: bool) -> None:
    """Let the front server answer 503 with a calm page, or let visitors in again. The app runs on meanwhile."""
    for host in hosts:
        host.session.request("maintenance", on=on, by=person())


def destroy(project: Project, hosts: Sequence[Host], *, with_data: bool) -> list[Destroyed]:
    """Remove the app from its hosts; its data directory is kept unless ``with_data``."""
    return [_destroy(project, host, with_data=with_data) for host in hosts]


def _destroy(project: Project, host: Host, *, with_data: bool) -> Destroyed:
    facts = Facts.from_wire(host.session.facts).with_memory(host.app["memory"])
    primary, *replicas = database_hosts(project) or ("",)
    if host.name == primary:
        left = database_host.left_at_primary(project, facts)
    elif host.name in replicas:
        left = database_host.left_at_replica(project, facts)
    else:
        left = left_behind(host.target, host.layout, facts)
    wire = [resource_to_wire(resource) for resource in left]
    answer = host.session.request("destroy", by=person(), with_data=with_data, resources=wire)
    return Destroyed(host.name, tuple(answer["removed"]), tuple(answer["kept"]))
