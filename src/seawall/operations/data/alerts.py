"""Who is told of trouble, tried out; and the troubles there are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from seawall.config.model import Project
from seawall.errors import UsageError
from seawall.operations.hosts import Host
from seawall.operations.look import Trouble


@dataclass(frozen=True)
class Sent:
    """A test by one channel of one host: where to, and what its server answered, or why it was not sent."""

    host: str
    channel: str
    to: str
    sent: bool
    said: str
    remedy: str


@dataclass(frozen=True)
class ChannelStatus:
    """How the last message of a channel went."""

    name: str
    failed: bool
    said: str


@dataclass(frozen=True)
class AlertStatus:
    """The troubles of one host, and when its watch looked last (RFC 3339); "" for never."""

    host: str
    looked: str
    troubles: tuple[Trouble, ...]
    channels: tuple[ChannelStatus, ...]

    @property
    def well(self) -> bool:
        return not self.troubles


def test(project: Project, hosts: Sequence[Host]) -> list[Sent]:
    """Have each host send a test by each channel. Raises UsageError where there is nobody to tell."""
    if not project.alerts.wanted:
        raise UsageError(
            "there is nobody to tell",
            place="[alerts]",
            remedy="name a recipient in `alerts.email` or a URL in `alerts.webhook`, and deploy",
        )
    return [
        Sent(host=host.name, **answer)
        for host in hosts
        for answer in host.session.request("data-test-alerts")["channels"]
    ]


def status(hosts: Sequence[Host]) -> list[AlertStatus]:
    """The troubles of each host, looked for now."""
    return [_status(host) for host in hosts]


def _status(host: Host) -> AlertStatus:
    answer = host.session.request("data-troubles")
    return AlertStatus(
        host.name,
        answer["looked"],
        tuple(Trouble(**trouble) for trouble in answer["troubles"]),
        tuple(ChannelStatus(name, **state) for name, state in answer["channels"].items()),
    )
