"""A plan on this side: what was asked for, what it came to, and the fingerprint it can be recognised by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from seawall.agent import converge, owned, preflight, preflight_apache, releases
from seawall.agent.places import Places
from seawall.agent.resource import Resource, resource_from_wire
from seawall.agent.vocabulary import Change, GivenCertificate, Release, release_from_wire


@dataclass(frozen=True)
class Question:
    """What a plan is made of."""

    resources: tuple[Resource, ...] = ()
    release: Release | None = None
    domains: tuple[str, ...] = ()


@dataclass(frozen=True)
class Plan:
    """What a plan came to: the host's changes, and a fingerprint that another state of the host would not have.

    ``notes`` are what a person should know besides.
    """

    changes: tuple[Change, ...] = ()
    fingerprint: str = ""
    notes: tuple[str, ...] = ()


def question_from_wire(message: Mapping[str, Any]) -> Question:
    release = release_from_wire(message["release"]) if message.get("release") else None
    resources = tuple(resource_from_wire(resource) for resource in message["resources"])
    return Question(resources, release, tuple(message["domains"]))


def observe(question: Question, places: Places) -> Plan:
    """Look at the host. Raises DomainTaken, ApplyFailed where something is in the way."""
    own_site = f"seawall-{places.layout.app}.conf"
    preflight.domains_free(question.domains, own_site)
    preflight_apache.domains_free(question.domains, own_site)
    changes = converge.plan(question.resources, owned.read(str(places.owned)), owned.of_others(str(places.owned)))
    wanted = releases.fingerprint(question.release) if question.release else ""
    # The lock and the upload need these folders, and come before the plan is looked at again.
    early = {str(path) for path in (places.base, places.state, places.objects)}
    told = [change for change in changes if change.name not in early]
    return Plan(changes, converge.digest(told, [wanted, releases.live_id(places)]), _notes(question))


def _notes(question: Question) -> tuple[str, ...]:
    given = [item for item in question.resources if isinstance(item, GivenCertificate)]
    if not given:
        return ()
    from seawall.agent.resources.given_certificate import doubt  # late: few sites have such a certificate

    return tuple(said for item in given if (said := doubt(item)))
