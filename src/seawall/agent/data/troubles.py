"""What is remembered of troubles between two looks, and who is to be told what: decided here, without a clock.

Each way of telling (a channel) is told of a trouble when it begins, once a day while it lasts, and when it is over. One
that could not be reached is told later; what it never heard of, it is not told the end of.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

#: Seconds after which a trouble that lasts is told again: a day.
REMINDER = 86400

BEGAN, LASTS, OVER = "began", "lasts", "over"


@dataclass(frozen=True)
class Trouble:
    """Something that needs a person. ``id`` is the same at each look; ``fact`` is what, ``remedy`` what to do."""

    id: str
    fact: str
    remedy: str


@dataclass(frozen=True)
class Known:
    """A trouble as it is remembered. Times are seconds since 1970; ``told`` has that of each channel's latest message
    about it; ``over`` is 0 while it lasts."""

    trouble: Trouble
    since: float
    told: Mapping[str, float] = field(default_factory=dict)
    over: float = 0


@dataclass(frozen=True)
class Notice:
    """One thing to tell: that a trouble began, lasts or is over. ``since`` and ``over`` as above."""

    what: str
    trouble: Trouble
    since: float
    over: float = 0


def seen(known: Sequence[Known], present: Iterable[Trouble], now: float) -> tuple[Known, ...]:
    """What is known after a look that found ``present``. Times that a clock put back has made future ones are now's."""
    found = {trouble.id: trouble for trouble in present}
    before = {one.trouble.id: _not_later_than(one, now) for one in known}
    lasting = [_again(before.get(name), trouble, now) for name, trouble in found.items()]
    ended = [replace(one, over=one.over or now) for name, one in before.items() if name not in found and one.told]
    return tuple(sorted((*lasting, *ended), key=lambda one: (one.since, one.trouble.id)))


def due(known: Iterable[Known], channel: str, now: float) -> tuple[Notice, ...]:
    """What a channel is to be told."""
    found = ((_what(one, channel, now), one) for one in known)
    return tuple(Notice(what, one.trouble, one.since, one.over) for what, one in found if what)


def told(known: Iterable[Known], channel: str, notices: Iterable[Notice], now: float) -> tuple[Known, ...]:
    """What is known once a channel has been told; a trouble whose end everybody knows is forgotten."""
    heard = {notice.trouble.id for notice in notices}
    after = [_told(one, channel, now) if one.trouble.id in heard else one for one in known]
    return tuple(one for one in after if one.told or not one.over)


def only(known: Iterable[Known], channels: Iterable[str]) -> tuple[Known, ...]:
    """What is known, without channels that are no longer there."""
    there = set(channels)
    kept = [replace(one, told={name: when for name, when in one.told.items() if name in there}) for one in known]
    return tuple(one for one in kept if one.told or not one.over)


def lasting(known: Iterable[Known]) -> tuple[Known, ...]:
    """The troubles that are not over."""
    return tuple(one for one in known if not one.over)


def to_wire(known: Iterable[Known]) -> list[dict[str, Any]]:
    return [asdict(one) for one in known]


def from_wire(wire: Iterable[Mapping[str, Any]]) -> tuple[Known, ...]:
    """Raises TypeError, KeyError for anything but what :func:`to_wire` made."""
    return tuple(Known(**{**one, "trouble": Trouble(**one["trouble"])}) for one in wire)


def _again(before: Known | None, trouble: Trouble, now: float) -> Known:
    """A trouble that came back before everybody was told of its end has lasted."""
    return replace(before, trouble=trouble, over=0) if before else Known(trouble, now)


def _what(one: Known, channel: str, now: float) -> str:
    last = one.told.get(channel)
    if one.over:
        return "" if last is None else OVER
    if last is None:
        return BEGAN
    return LASTS if now - last >= REMINDER else ""


def _told(one: Known, channel: str, now: float) -> Known:
    others = {name: when for name, when in one.told.items() if name != channel}
    return replace(one, told=others if one.over else {**others, channel: now})


def _not_later_than(one: Known, now: float) -> Known:
    times = {name: min(when, now) for name, when in one.told.items()}
    return replace(one, since=min(one.since, now), over=min(one.over, now), told=times)
