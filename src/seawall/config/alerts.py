"""The table of ``seawall.toml`` for who is told when something on a host goes wrong."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from seawall.config.table import Table, setting
from seawall.config.values import Email, Recipient, Variable, WebhookOrSecret

Recipients = Annotated[tuple[Recipient, ...], Field(strict=False)]


class Smtp(Table):
    """The mail server that takes the e-mails."""

    host: Annotated[str, Field(pattern=r"^[A-Za-z0-9._:-]*$", json_schema_extra={"x-words": "a host name"})] = setting(
        "",
        "The mail server's name. None by default: there is no e-mail without one. The host's own is `localhost`.",
        example="smtp.example.com",
        becomes="where the watch of the host connects to",
    )
    port: Annotated[int, Field(ge=0, le=65535)] = setting(
        0,
        "Its port. 0, the default, is the usual one of `tls`: 587 (RFC 6409) for starttls, 465 (RFC 8314) for "
        "implicit, 25 for off.",
        example=2525,
        becomes="the port it connects to",
    )
    tls: Literal["starttls", "implicit", "off"] = setting(
        "starttls",
        "How the connection is encrypted. The server's certificate is verified by the host's authorities. The default "
        "is what most providers ask for; `off` is for a server on the host itself.",
        example="implicit",
        becomes="STARTTLS (RFC 3207), TLS from the first byte, or none",
    )
    user: Annotated[str, Field(pattern=r"^[^\x00-\x20]*$", json_schema_extra={"x-words": "a user's name"})] = setting(
        "",
        "The user that the mail server knows. None by default: nobody logs in then.",
        example="alerts@example.com",
        becomes="the login before a message is sent",
    )
    password: Variable = setting(
        "SMTP_PASSWORD",
        "The name of the secret that holds this user's password: `seawall secret set SMTP_PASSWORD`. It is not given "
        "to the app. The default is the usual name.",
        example="MAIL_PASSWORD",
        becomes="a line of BASE/state/alerts.env, readable by root alone",
    )


class Alerts(Table):
    """Who is told when a backup, a certificate, a disk or the app itself needs a person.

    Each host looks by its own timer, so that nobody need be at a keyboard. Without a recipient there is no timer.
    """

    email: Recipients = setting(
        (),
        "Who gets e-mail. Nobody by default: it takes a mail server, `alerts.smtp`.",
        example=["ops@example.com"],
        becomes="the recipients of each message",
    )
    sender: Email = setting(
        "",
        'The address that e-mails come from. The default, "", is the first of `alerts.email`, as a mail server takes '
        "your own address from you.",
        example="seawall@example.com",
        becomes="`From:` and the envelope's sender",
    )
    smtp: Smtp = Field(default=Smtp(), description="The mail server that takes the e-mails.")
    webhook: WebhookOrSecret = setting(
        "",
        "A URL that each message is posted to, or the name of a secret that holds one, as Slack's URLs are secret. "
        "None by default.",
        example="SLACK_WEBHOOK",
        becomes="an HTTP POST for each message",
    )
    format: Literal["json", "slack", "ntfy"] = setting(
        "json",
        "What is posted: `json`, all of it for programs; `slack`, what Slack, Mattermost and Discord's /slack take; "
        "`ntfy`, what an ntfy topic takes. The default is the one that any program reads.",
        example="ntfy",
        becomes="the body of the POST",
    )
    minutes: Annotated[int, Field(ge=1, le=60)] = setting(
        5,
        "Minutes between two looks. The default finds trouble soon and costs next to nothing.",
        example=1,
        becomes="`OnUnitActiveSec=` of seawall-watch-APP.timer",
    )
    disk_percent: Annotated[int, Field(ge=50, le=99)] = setting(
        90,
        "How full a file system may be, in percent of its space or its inodes, before it is told. The default leaves "
        "time to make room.",
        example=80,
        becomes="a threshold of the watch",
    )
    certificate_days: Annotated[int, Field(ge=1, le=60)] = setting(
        14,
        "Days before its end from which the certificate is told of; for short-lived ones it is never more than a "
        "sixth of their life. The default: renewals begin with thirty days left, so many have failed by then.",
        example=21,
        becomes="a threshold of the watch",
    )
    restarts: Annotated[int, Field(ge=1, le=1000)] = setting(
        3,
        "How often one of the app's programs may be started again within an hour, by itself, before that counts as a "
        "crash loop. The default lets a single crash go by.",
        example=10,
        becomes="a threshold of the watch",
    )

    @property
    def wanted(self) -> bool:
        """Whether there is anybody to tell."""
        return bool(self.email or self.webhook)

    @property
    def port(self) -> int:
        """The mail server's port, the usual one where none is named."""
        return self.smtp.port or {"starttls": 587, "implicit": 465, "off": 25}[self.smtp.tls]

    @property
    def webhook_secret(self) -> str:
        """The name of the secret that holds the webhook's URL, "" where the file holds it."""
        return "" if "://" in self.webhook else self.webhook

    @property
    def secrets(self) -> tuple[str, ...]:
        """The names of the secrets that the watch needs."""
        password = self.smtp.password if self.email and self.smtp.user else ""
        return tuple(name for name in (password, self.webhook_secret) if name)
