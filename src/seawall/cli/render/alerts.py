"""Alerts, in words and as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from seawall.cli.render.lines import Line, clean, count
from seawall.cli.render.look import moment, trouble_lines

if TYPE_CHECKING:
    from seawall.operations.data.alerts import AlertStatus, Sent


def status_lines(app: str, found: Sequence[AlertStatus]) -> list[Line]:
    """The troubles of each host."""
    return [line for status in found for line in _host_lines(app, status)]


def status_data(app: str, found: Sequence[AlertStatus]) -> dict[str, Any]:
    return {
        "app": app,
        "well": all(status.well for status in found),
        "hosts": [{**asdict(status), "well": status.well} for status in found],
    }


def test_lines(found: Sequence[Sent]) -> list[Line]:
    """What each server answered."""
    return [line for sent in found for line in _sent_lines(sent)]


def test_data(app: str, found: Sequence[Sent]) -> dict[str, Any]:
    return {"app": app, "sent": all(sent.sent for sent in found), "messages": [asdict(sent) for sent in found]}


def _host_lines(app: str, status: AlertStatus) -> list[Line]:
    number = len(status.troubles)
    verdict = count(number, "trouble") if number else "no trouble"
    lines = [Line(f"{app} on {status.host}: {verdict}", "bad" if number else "good")]
    lines += [line for trouble in status.troubles for line in trouble_lines(trouble)]
    looked = f"the watch looked last at {moment(status.looked)}" if status.looked else "no watch has looked here yet"
    return [*lines, Line(f"  {looked}", "faint"), *(_channel(one.name, one.said) for one in status.channels)]


def _channel(name: str, said: str) -> Line:
    return Line(f"  last message by {name}: {clean(said)}", "faint")


def _sent_lines(sent: Sent) -> list[Line]:
    where = f"{sent.host}: {sent.channel} to {clean(sent.to)}"
    if sent.sent:
        return [Line(f"{where}: sent", "good"), Line(f"  the server answered: {clean(sent.said)}")]
    return [Line(f"{where}: not sent", "bad"), Line(f"  {clean(sent.said)}"), Line(f"  {clean(sent.remedy)}")]
