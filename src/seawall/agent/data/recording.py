"""A job on an app's data: alone at it, and written down, however it ends."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from seawall.agent import lock
from seawall.agent.data import record
from seawall.agent.data.places import DataPlaces
from seawall.agent.errors import AgentError
from seawall.agent.journal import now


@dataclass
class Recording:
    """What the record will say of the run: filled in while it runs."""

    id: str = ""
    bytes: int = 0
    details: dict[str, Any] = field(default_factory=dict)


@contextmanager
def alone(at: DataPlaces, by: str, job: str) -> Iterator[None]:
    """Hold the lock of the app's data. Raises Locked, naming who holds it."""
    at.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with lock.hold(at.lock, by=by, action=job):
        yield


@contextmanager
def recorded(at: DataPlaces, job: str) -> Iterator[Recording]:
    """Write the run down at its end, with its error if it raises one."""
    begun, made = now(), Recording()
    try:
        yield made
    except (AgentError, OSError) as error:
        record.append(at.record, _run(job, begun, made, str(error)))
        raise
    record.append(at.record, _run(job, begun, made, ""))


def _run(job: str, begun: str, made: Recording, error: str) -> record.Run:
    return record.Run(job, made.id, begun, now(), not error, made.bytes, error, made.details)
