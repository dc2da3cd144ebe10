"""Work on several hosts at once: one stream of events, and Ctrl-C that is heard."""

from __future__ import annotations

import queue
import threading
from collections.abc import Generator
from typing import Any

import pytest

from seawall.errors import SeawallError
from seawall.operations import parallel
from seawall.operations.events import Happening, Progress, note
from seawall.operations.parallel import Outcomes, Tell, on_each


def exhaust(work: Generator[Happening, None, Outcomes[str, Any]]) -> tuple[list[str], Outcomes[str, Any]]:
    told: list[str] = []
    while True:
        try:
            happening = next(work)
        except StopIteration as end:
            return told, end.value
        assert isinstance(happening, Progress)
        told.append(happening.event.text)


def never() -> str:
    raise AssertionError("nobody pressed Ctrl-C")


def test_all_work_at_once_and_results_come_in_the_hosts_order() -> None:
    meet = threading.Barrier(3, timeout=30)

    def work(host: str, tell: Tell) -> str:
        meet.wait()
        tell(note(host, f"{host} works"))
        return host.upper()

    told, outcomes = exhaust(on_each(["a", "b", "c"], work, never))
    assert sorted(told) == ["a works", "b works", "c works"]
    assert outcomes == Outcomes(["A", "B", "C"])


def test_a_failure_is_told_with_its_host_and_the_others_finish() -> None:
    error = SeawallError("no room")

    def work(host: str, tell: Tell) -> str:
        if host == "b":
            raise error
        return host

    _, outcomes = exhaust(on_each(["a", "b", "c"], work, never))
    assert outcomes.results == ["a", "c"]
    assert outcomes.failures == [("b", error)]


def test_a_mistake_of_ours_is_not_swallowed() -> None:
    with pytest.raises(ZeroDivisionError):
        exhaust(on_each(["a"], lambda *_: 1 / 0, never))


def test_no_host_is_no_work() -> None:
    assert exhaust(on_each([], lambda *_: None, never)) == ([], Outcomes())


def pressing(times: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C as often while the tool waits."""
    left = [KeyboardInterrupt] * times

    class Pressed(queue.Queue[Any]):
        def get(self, *arguments: Any, **options: Any) -> Any:
            if left:
                raise left.pop()
            return super().get(*arguments, **options)

    monkeypatch.setattr(parallel.queue, "Queue", Pressed)


def test_ctrl_c_stops_the_work_once_and_listens_on(monkeypatch: pytest.MonkeyPatch) -> None:
    stopped = threading.Event()

    def stop() -> str:
        assert not stopped.is_set()
        stopped.set()
        return "undoing"

    def work(host: str, tell: Tell) -> str:
        assert stopped.wait(30)
        tell(note(host, f"{host} undid it"))
        return host

    pressing(1, monkeypatch)
    told, outcomes = exhaust(on_each(["a", "b"], work, stop))
    assert told[0] == "undoing (Ctrl-C again to leave at once)"
    assert sorted(told[1:]) == ["a undid it", "b undid it"]
    assert outcomes == Outcomes(["a", "b"], stopped=True)


def test_a_second_ctrl_c_leaves_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    over = threading.Event()
    pressing(2, monkeypatch)
    with pytest.raises(KeyboardInterrupt):
        exhaust(on_each(["a"], lambda *_: over.wait(30), lambda: "undoing"))
    over.set()
