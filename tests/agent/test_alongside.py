"""Work in a thread beside other work."""

from __future__ import annotations

import threading

import pytest

from seawall.agent.alongside import Alongside


def test_both_are_at_work_at_the_same_time() -> None:
    here, there = threading.Event(), threading.Event()

    def work() -> bool:
        there.set()
        return here.wait(10)

    beside = Alongside(work)
    assert there.wait(10)
    here.set()
    assert beside.result() is True


def test_an_error_comes_out_where_the_result_is_asked_for() -> None:
    def work() -> None:
        raise OSError("no disk")

    beside = Alongside(work)
    with pytest.raises(OSError, match="no disk"):
        beside.result()
