"""How points in time are shown. SQLite forgets the time zone: what has none is UTC."""

from __future__ import annotations

from datetime import UTC, datetime


def iso_time(moment: datetime) -> str:
    """For machines: 2026-03-01T14:05:00Z."""
    return _in_utc(moment).strftime("%Y-%m-%dT%H:%M:%SZ")


def readable_time(moment: datetime) -> str:
    """For people: 1 March 2026, 14:05 UTC."""
    moment = _in_utc(moment)
    return f"{moment.day} {moment:%B %Y, %H:%M} UTC"


def _in_utc(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
