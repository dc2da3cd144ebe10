"""From a project to what its host should hold."""

from __future__ import annotations

from collections.abc import Mapping

from seawall.agent.resource import Resource
from seawall.agent.vocabulary import (
    AcmeCertificate,
    Certificate,
    Entry,
    GivenCertificate,
    Layout,
    Requirements,
    Service,
    Source,
)
from seawall.config.model import Project
from seawall.stack import data, fronts, local, pgbouncer, redis, server, tls
from seawall.stack.composition import Away, Composition, Inputs
from seawall.stack.facts import Facts
from seawall.stack.layout import layout_for
from seawall.stack.targets import LocalTarget, Target
from seawall.stack.unit_files import UNITS


def compose(
    project: Project,
    target: Target,
    facts: Facts,
    *,
    tree: tuple[Entry, ...],
    env: Mapping[str, str],
    requirements: Requirements,
    source: Source,
    required: frozenset[str] = frozenset(),
    own: Mapping[str, str] | None = None,
    away: Away | None = None,
) -> Composition:
    """What the target should hold, as data; the same input gives the same output.

    Raises ConfigError, ProjectError or SecretError for what cannot be put on this target.
    """
    data.check(project, target, env, away)
    given = data.variables(project, layout_for(project, target), own or {}, env, required, away=away)
    inputs = Inputs(project, facts, tree, {**env, **given}, requirements, source, required, own or {}, away)
    if isinstance(target, LocalTarget):
        return local.compose(inputs, target)
    return server.compose(inputs, target)


def resources_for(project: Project, target: Target, facts: Facts) -> tuple[Resource, ...]:
    """What a server should hold for the project besides its releases; nothing on this machine. Raises ConfigError."""
    return () if isinstance(target, LocalTarget) else server.resources(project, facts, target)


def certificate_for(
    project: Project, target: Target, facts: Facts
) -> AcmeCertificate | Certificate | GivenCertificate | None:
    """The certificate of the project's site on the target; None where it is served without one, or by this machine."""
    if isinstance(target, LocalTarget):
        return None
    hosts = (*server.names(project, facts, target), *project.redirect_from)
    return tls.certificate(project, hosts, fronts.of(project).service, target.address)


def left_behind(target: Target, layout: Layout, facts: Facts) -> tuple[Resource, ...]:
    """What must hold when the app is gone: the services that hear of it, and the files that other apps share."""
    if isinstance(target, LocalTarget):
        return ()
    return (*redis.ended(layout, facts), *pgbouncer.ended(facts), *fronts.left_behind(layout, facts), UNITS)


def front_service(project: Project) -> Service:
    """The service that shows a project's certificate to visitors of a server."""
    return fronts.of(project).service
