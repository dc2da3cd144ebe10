"""What cannot be meant in ``[alerts]``, and what looks wrong there."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from seawall.config.alerts import Alerts
from seawall.config.mistakes import Mistake

#: What needs no encryption, as it never leaves the host.
LOOPBACK = ("localhost", "127.0.0.1", "::1")
#: Whoever knows a URL of theirs may write to the channel.
SECRET_URLS = ("hooks.slack.com", "discord.com", "discordapp.com")


def contradictions(alerts: Alerts) -> Iterator[Mistake]:
    """What cannot be meant in ``[alerts]``."""
    if alerts.email and not alerts.smtp.host:
        yield Mistake(
            ("alerts", "email"),
            "`alerts.email` needs a mail server",
            'Name one: [alerts.smtp] host = "smtp.example.com".',
        )
    if alerts.smtp.host and not alerts.email:
        yield Mistake(
            ("alerts", "smtp", "host"),
            "there is a mail server, and nobody who gets mail",
            'Name somebody: [alerts] email = ["ops@example.com"], or take [alerts.smtp] out.',
        )
    if alerts.smtp.tls == "off" and alerts.smtp.user and alerts.smtp.host not in LOOPBACK:
        yield Mistake(
            ("alerts", "smtp", "tls"),
            '`alerts.smtp.tls` is "off", which would send the password for everybody on the way to read',
            'Take "starttls" or "implicit".',
        )
    url = urlsplit(alerts.webhook) if "://" in alerts.webhook else None
    if url and url.scheme == "http" and url.hostname not in LOOPBACK:
        yield Mistake(
            ("alerts", "webhook"),
            "`alerts.webhook` is plain http, which everybody on the way can read and change",
            "Use its https URL; plain http is for this host alone, as http://127.0.0.1:8080/…",
        )


def doubts(alerts: Alerts) -> Iterator[Mistake]:
    """A URL that is a secret, in a file that everybody reads."""
    url = urlsplit(alerts.webhook)
    if url.scheme and (url.hostname in SECRET_URLS or url.password):
        yield Mistake(
            ("alerts", "webhook"),
            "`alerts.webhook` holds a secret, and this file is for everybody to read",
            'Move it: `seawall secret set ALERTS_WEBHOOK`, and write webhook = "ALERTS_WEBHOOK".',
        )
