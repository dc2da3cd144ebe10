"""Asking one host something about an app's data, while it tells what happens."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from seawall.agent.vocabulary import Event
from seawall.operations.events import Happening, Progress
from seawall.operations.hosts import Host, person
from seawall.operations.parallel import Tell, on_each


def ask(host: Host, op: str, **fields: Any) -> Generator[Happening, None, dict[str, Any]]:
    """The answer. Ctrl-C has the host stop at the next moment at which nothing is lost. Raises HostError,
    ConnectionLost."""

    def work(asked: Host, tell: Tell) -> dict[str, Any]:
        def hear(event: Event) -> None:
            tell(Progress(asked.name, event))

        return asked.session.request(op, hear, by=person(), **fields)

    def stop() -> str:
        host.session.cancel()
        return "stopping as soon as nothing is lost by it"

    outcomes = yield from on_each([host], work, stop)
    if outcomes.failures:
        raise outcomes.failures[0][1]
    return outcomes.results[0]
