"""How long each turn's load is, so that all turns come into the time."""

from __future__ import annotations

import pytest

from seawall.operations.tuning.trials import Order


@pytest.mark.parametrize(
    ("seconds", "routes", "starting", "load"),
    [
        (60, 1, 1.5, 0.98),
        (120, 1, 1.5, 3.16),
        (120, 2, 1.5, 1.58),
        (120, 1, 4.0, 1.16),
        (60, 2, 4.0, 0.5),
        (9e9, 1, 1, 10),
    ],
)
def test_the_load_is_what_starting_leaves_of_the_time(
    seconds: float, routes: int, starting: float, load: float
) -> None:
    order = Order(("/a", "/b")[:routes], seconds=seconds)
    assert order.load(starting) == pytest.approx(load, abs=0.01)
