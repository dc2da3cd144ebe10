"""What makes a release, the same on every target."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from seawall.agent.envfile import unfit
from seawall.agent.vocabulary import FrontDoor, Gate, Listen, Program, Release, Serving
from seawall.errors import ConfigError
from seawall.stack import sizing, static
from seawall.stack.app_server import AppServer
from seawall.stack.composition import Inputs


def build(
    inputs: Inputs, *, server: AppServer, listen: Listen, programs: tuple[Program, ...], front: FrontDoor
) -> Release:
    """The release. Raises ConfigError or ProjectError for what no target could take."""
    project = inputs.project
    _check_environment(inputs.env)
    static.check(project, inputs.tree)
    health = project.health
    sized = sizing.size(project, inputs.facts, server.kind)
    return Release(
        entries=inputs.tree,
        requirements=replace(inputs.requirements, extra=server.requirements),
        env=inputs.env,
        files=server.files,
        static=static.folders(project),
        persist=project.app.persist,
        programs=programs,
        gate=Gate(
            path=health.path,
            host=front.host,
            scheme="https" if front.tls else "http",
            successes=health.successes,
            interval=health.interval,
            answer_timeout=health.answer_timeout,
            timeout=health.timeout,
        ),
        front=front,
        listen=listen,
        setup=project.release.setup,
        migrate=project.release.migrate,
        snapshot=project.release.snapshot,
        drain=project.release.drain,
        keep=project.release.keep,
        secret_names=project.secrets,
        external=project.database.variable if project.database.kind == "external" or inputs.away else "",
        serving=Serving(server.kind, sized.workers, sized.threads, project.server.preload),
        source=inputs.source,
    )


def _check_environment(env: Mapping[str, str]) -> None:
    for name, value in sorted(env.items()):
        reason = unfit(name, value)
        if reason:
            raise ConfigError(
                f"the environment variable {name!r} {reason}",
                remedy="encode it, for example as base64, and decode it in the app",
            )
