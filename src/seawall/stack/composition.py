"""What goes into the stack, and what comes out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from seawall.agent.resource import Resource
from seawall.agent.vocabulary import Entry, Layout, Release, Requirements, Source
from seawall.config.model import Project
from seawall.stack.facts import Facts


@dataclass(frozen=True)
class Away:
    """An app's database on a host of its own, as the app's hosts see it: where it listens, and the certificate that it
    shows (PEM), which they pin. ``replica`` is where its replica listens, "" for none; then both certificates are
    there."""

    address: str
    certificate: str
    replica: str = ""


@dataclass(frozen=True)
class Inputs:
    """All that a composition depends on, besides the target.

    ``tree`` is what travels; ``env`` the app's variables, secrets included; ``requirements`` as the tool read them;
    ``required`` the names of the packages that they name (PEP 503), as far as they can be told without resolving;
    ``own`` the secrets that are seawall's own, by name; ``away`` the database, where it is on a host of its own.
    """

    project: Project
    facts: Facts
    tree: tuple[Entry, ...]
    env: Mapping[str, str]
    requirements: Requirements
    source: Source
    required: frozenset[str] = frozenset()
    own: Mapping[str, str] = field(default_factory=dict, repr=False)
    away: Away | None = None


@dataclass(frozen=True)
class Composition:
    """What a host should hold. ``notes`` are sentences for the person: what differs here from what was asked for."""

    layout: Layout
    resources: tuple[Resource, ...]
    release: Release
    notes: tuple[str, ...] = ()
