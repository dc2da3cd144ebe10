"""Whom the watch of an app tells, and from when on: what lies on the host as JSON, without secrets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from seawall.agent.resource import build
from seawall.agent.vocabulary import Layout


@dataclass(frozen=True)
class Mail:
    """E-mail by a mail server. ``tls`` is starttls, implicit or off; ``password`` the name of the secret with the
    password of ``user``, both "" where nobody logs in."""

    recipients: tuple[str, ...]
    sender: str
    host: str
    port: int
    tls: str
    user: str = ""
    password: str = ""


@dataclass(frozen=True)
class Webhook:
    """A URL that messages are posted to as json, slack or ntfy; ``secret`` is the name of the secret that holds it
    where ``url`` is empty."""

    format: str
    url: str = ""
    secret: str = ""


@dataclass(frozen=True)
class Thresholds:
    """From when on it is a trouble: percent, days, and restarts within an hour. The defaults are the
    configuration's (`[alerts]`), for an app that nobody wants to hear of."""

    disk_percent: int = 90
    certificate_days: int = 14
    restarts: int = 3


@dataclass(frozen=True)
class AlertSettings:
    """What the watch of an app on one host goes by.

    ``host`` is what people call the host; ``certificate`` the path of the one that the site should show, "" without
    TLS; ``minutes`` those between two looks.
    """

    host: str
    layout: Layout
    certificate: str = ""
    minutes: int = 5
    mail: Mail | None = None
    webhook: Webhook | None = None
    thresholds: Thresholds = field(default_factory=Thresholds)


def settings_to_wire(settings: AlertSettings) -> dict[str, Any]:
    return asdict(settings)


def settings_from_wire(wire: Mapping[str, Any]) -> AlertSettings:
    """What :func:`settings_to_wire` made. Raises TypeError, KeyError for anything else."""
    values = dict(wire)
    values["layout"] = build(Layout, values["layout"])
    values["thresholds"] = build(Thresholds, values["thresholds"])
    values["mail"] = build(Mail, values["mail"]) if values.get("mail") else None
    values["webhook"] = build(Webhook, values["webhook"]) if values.get("webhook") else None
    return build(AlertSettings, values)
