"""How a primary and its replica stand, as their hosts tell it before one takes the other's place."""

from typing import Any

PRIMARY: dict[str, Any] = {
    "role": "primary",
    "system": "7",
    "checkpoint": "",
    "streams": True,
    "lag_bytes": 1840,
    "lag_seconds": 0.012,
    "changed": "",
    "address": "",
    "paused": False,
    "others": [],
    "fenced": False,
    "promoted": None,
}
STANDBY = {**PRIMARY, "role": "standby", "lag_bytes": 0, "changed": "2026-11-28T20:00:00Z", "address": "10.0.0.9"}
