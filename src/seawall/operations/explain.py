"""What seawall chose for a host, and the sum that it follows from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from seawall.config.model import Project
from seawall.config.required import required
from seawall.config.requirements import read_requirements
from seawall.operations.hosts import Host
from seawall.stack.choosing import choose
from seawall.stack.facts import Facts
from seawall.stack.sizing import Sizing, size


@dataclass(frozen=True)
class ServerExplained:
    """The application server on one host: its kind and why ("" where it was asked for), and how it is sized."""

    host: str
    kind: str
    reason: str
    sizing: Sizing


def server(project: Project, hosts: Sequence[Host]) -> list[ServerExplained]:
    """What a deployment would run on each host. Raises ProjectError for requirements that cannot be read."""
    asked_for = required(project.root, read_requirements(project.root, project.app.requirements))
    return [_server(project, asked_for, host) for host in hosts]


def _server(project: Project, asked_for: frozenset[str], host: Host) -> ServerExplained:
    facts = Facts.from_wire(host.session.facts).with_memory(host.app["memory"])
    choice = choose(project, facts, asked_for)
    return ServerExplained(host.name, choice.kind, choice.reason, size(project, facts, choice.kind))
