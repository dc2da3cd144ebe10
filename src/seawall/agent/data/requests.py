"""What the tool asks of an app's data: one table of the operations whose names begin with ``data-``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from seawall.agent.client import Client
from seawall.agent.places import Places
from seawall.agent.wire import Frame

Answer = dict[str, Any]


def _records(places: Places, _frame: Frame, _client: Client) -> Answer:
    """What was done with the app's data, oldest first."""
    from seawall.agent.data import record
    from seawall.agent.data.places import DataPlaces

    return {"runs": [run.to_wire() for run in record.read(DataPlaces(places.base).record)]}


OPERATIONS: dict[str, Callable[[Places, Frame, Client], Answer]] = {
    "data-records": _records,
}
