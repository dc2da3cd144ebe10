"""A job on an app's data: alone at it, and written down, however it ends."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

from seawall.agent import lock
from seawall.agent.data import record
from seawall.agent.data.places import DataPlaces
from seawall.agent.errors import AgentError, Locked
from seawall.agent.journal import now

#: How long a job that a timer has started waits for another at the app's data, seconds: a restore of some size is
#: through by then, and the next run of the job is still far.
PATIENCE = 3600.0


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
def in_turn(
    at: DataPlaces, by: str, job: str, *, say: Callable[[str], None], cancelled: Callable[[], bool] = lambda: False
) -> Iterator[None]:
    """As :func:`alone`, for a job that nobody starts again, such as a timer's: it waits for its turn. That it got none
    is written down. Raises Locked, Cancelled."""
    at.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    begun = now()
    with ExitStack() as held:
        try:
            held.enter_context(
                lock.hold_in_turn(at.lock, by=by, action=job, patience=PATIENCE, tell=say, cancelled=cancelled)
            )
        except Locked as error:
            fact = f"the {job} waited {PATIENCE / 60:.0f} minutes and got no turn at the data: {error.fact}"
            record.append(at.record, record.Run(job, "", begun, now(), False, error=fact))
            raise Locked(fact, place=error.place, state="nothing was changed", remedy=error.remedy) from error
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


#: How a job comes to be alone at an app's data: at once or not at all, as a person wants it, or in its turn.
Alone = Callable[[DataPlaces, str, str], AbstractContextManager[None]]


def _run(job: str, begun: str, made: Recording, error: str) -> record.Run:
    return record.Run(job, made.id, begun, now(), not error, made.bytes, error, made.details)
