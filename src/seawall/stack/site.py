"""What a front server is told of an app, whichever front server it is."""

from __future__ import annotations

from dataclasses import dataclass

from seawall.agent.vocabulary import Layout
from seawall.config.model import Project
from seawall.errors import ConfigError
from seawall.stack.facts import Facts
from seawall.stack.tls import SiteTls


@dataclass(frozen=True)
class Site:
    """An app's site on a server. ``hosts`` are the names it answers to; without ``tls`` it is plain http."""

    project: Project
    layout: Layout
    facts: Facts
    hosts: tuple[str, ...]
    tls: SiteTls | None

    @property
    def main(self) -> str:
        """The name that visitors of ``redirect_from`` are sent on to. Raises ConfigError where all are wildcards."""
        for domain in self.project.domains:
            if not domain.startswith("*."):
                return domain
        raise ConfigError(
            "redirect_from has nowhere to go: all of `domains` are wildcards",
            place="redirect_from",
            remedy="add the name visitors should come to, or leave redirect_from out",
        )
