"""The same work on several hosts at once, as one stream of events."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from seawall.errors import SeawallError
from seawall.operations.events import Happening, note

H = TypeVar("H")
R = TypeVar("R")

Tell = Callable[[Happening], None]
#: What Ctrl-C does to the work under way; returns what to say of it.
Stop = Callable[[], str]


@dataclass
class Outcomes(Generic[H, R]):
    """What came of the work on each host, in the hosts' order."""

    results: list[R] = field(default_factory=list)
    failures: list[tuple[H, SeawallError]] = field(default_factory=list)
    #: Whether Ctrl-C was pressed meanwhile; the work may have been done all the same.
    stopped: bool = False


def on_each(hosts: Sequence[H], work: Callable[[H, Tell], R], stop: Stop) -> Generator[Happening, None, Outcomes[H, R]]:
    """Do ``work`` on every host in a thread of its own; yield what it tells, return what came of it.

    Ctrl-C calls ``stop`` once, says what it returns and goes on listening, so that every host can say what it undid;
    a second one raises KeyboardInterrupt at once.
    """
    happenings: queue.Queue[Happening | None] = queue.Queue()
    answers: dict[int, R | SeawallError | BaseException] = {}

    def run(index: int, host: H) -> None:
        try:
            answers[index] = work(host, happenings.put)
        except BaseException as error:  # noqa: BLE001 - carried to the caller's thread, which raises it
            answers[index] = error
        finally:
            happenings.put(None)

    for index, host in enumerate(hosts):
        threading.Thread(target=run, args=(index, host), daemon=True).start()
    stopped = yield from _until_done(happenings, len(hosts), stop)
    outcomes: Outcomes[H, R] = Outcomes(stopped=stopped)
    for index, host in enumerate(hosts):
        answer = answers[index]
        if isinstance(answer, SeawallError):
            outcomes.failures.append((host, answer))
        elif isinstance(answer, BaseException):
            raise answer
        else:
            outcomes.results.append(answer)
    return outcomes


def _until_done(
    happenings: queue.Queue[Happening | None], running: int, stop: Stop
) -> Generator[Happening, None, bool]:
    stopping = False
    while running:
        try:
            happening = happenings.get()
        except KeyboardInterrupt:
            if stopping:
                raise
            stopping = True
            yield note("", f"{stop()} (Ctrl-C again to leave at once)")
            continue
        if happening is None:
            running -= 1
        else:
            yield happening
    return stopping
