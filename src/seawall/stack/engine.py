"""What every kind of database that seawall sets up on a host has to say of itself: one module of ``stack`` each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from seawall.agent.data.vocabulary import Database
from seawall.agent.resource import Resource
from seawall.agent.vocabulary import Layout
from seawall.config.model import Project
from seawall.stack.composition import Inputs
from seawall.stack.facts import Facts


class Engine(Protocol):
    """A module such as ``stack/postgresql.py``; nothing in it touches a host."""

    def packages(self, project: Project) -> tuple[str, ...]:
        """The distribution's packages."""

    def units(self) -> tuple[str, ...]:
        """Its units of systemd, which are started before the app's at boot."""

    def database(self, project: Project, layout: Layout, facts: Facts) -> Database:
        """The app's database, for the jobs that back it up."""

    def resources(self, project: Project, layout: Layout, facts: Facts) -> tuple[Resource, ...]:
        """What holds no secret: settings, units, folders. Raises ConfigError for what the host cannot have."""

    def secret_resources(self, inputs: Inputs, layout: Layout) -> tuple[Resource, ...]:
        """What holds a secret: the role and the database."""

    def url(self, project: Project, layout: Layout, own: Mapping[str, str], required: frozenset[str]) -> str:
        """What the app is given to reach it by; ``own`` are seawall's own secrets, ``required`` the names of
        the packages that the app needs (PEP 503)."""

    def memory(self, project: Project, facts: Facts) -> int:
        """The bytes that the server may take of the host's memory; 0 where the host neither has nor needs one."""

    def notes(self, inputs: Inputs) -> tuple[str, ...]:
        """What a person should know before a deployment."""
