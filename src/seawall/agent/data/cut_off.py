"""A restore that was ended in the moment in which data changes places: told by whoever looks at the host, put right by
the next command that changes something there."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from seawall.agent import lock
from seawall.agent.data import exchange
from seawall.agent.data.engines import engine_for
from seawall.agent.data.engines.redis import RedisEngine
from seawall.agent.data.places import DataPlaces
from seawall.agent.data.quiet import Quiet
from seawall.agent.data.recording import alone
from seawall.agent.data.vocabulary import Data
from seawall.agent.places import Places
from seawall.agent.vocabulary import Event


def told(places: Places) -> str:
    """What was cut off, as a sentence; "" where nothing was, or one is at it right now."""
    if not DataPlaces(places.base).exchange.exists() or lock.holder(places.lock):
        return ""
    return "an earlier restore was cut off while data changed places"


def recover(places: Places, report: Callable[[Event], None], by: str) -> str:
    """Put it right, and the app up again. Returns what was done, "" where there was nothing to do.

    The caller holds the app's lock. Raises Locked while a job is at the app's data, GateFailed, StartFailed.
    """
    at = DataPlaces(places.base)
    if not at.exchange.exists():
        return ""
    with alone(at, by, "recovery"):
        return put_right(places, at.data(), report)


def put_right(places: Places, data: Data, report: Callable[[Event], None]) -> str:
    """The same for a caller who is alone at the app's data already."""
    at = DataPlaces(places.base)
    noted = exchange.noted(at.exchange)
    if noted is None:
        return ""
    through = exchange.is_through(noted, engine_for(data.database) if data.database else None)
    if not through:
        exchange.put_back(noted.moves)
        if data.redis and noted.redis and Path(noted.redis).exists():
            RedisEngine(data.redis).put_back(noted.redis)
    exchange.forget(at.exchange)
    Quiet(places, report, noted.live, noted.maintenance).end()
    return f"an earlier restore, cut off, was {'through' if through else 'undone'}"
