"""`[alerts]`: whom to tell, and what cannot be meant."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from seawall.config.load import load
from seawall.config.model import Project
from seawall.errors import ConfigErrors

BASE = 'name = "guestbook"\n\n[app]\nentry = "guestbook:app"\n\n'


def loaded(folder: Path, text: str) -> Project:
    (folder / "seawall.toml").write_text(BASE + text)
    return load(folder)


def mistakes(folder: Path, text: str) -> str:
    with pytest.raises(ConfigErrors) as caught:
        loaded(folder, text)
    return "\n".join(f"{error.place}: {error.fact}. {error.remedy}" for error in caught.value.errors)


def test_by_default_nobody_is_told(tmp_path: Path) -> None:
    alerts = loaded(tmp_path, "").alerts
    assert (alerts.wanted, alerts.secrets) == (False, ())


@pytest.mark.parametrize(("tls", "port"), [("starttls", 587), ("implicit", 465), ("off", 25)])
def test_the_port_is_the_usual_one_unless_it_is_named(tmp_path: Path, tls: str, port: int) -> None:
    text = f'[alerts]\nemail = ["ops@example.com"]\nsmtp = {{ host = "localhost", tls = "{tls}"%s }}\n'
    assert loaded(tmp_path, text % "").alerts.port == port
    assert loaded(tmp_path, text % ", port = 2525").alerts.port == 2525


@pytest.mark.parametrize(
    ("text", "secrets"),
    [
        ('email = ["a@example.com"]\nsmtp = { host = "smtp.example.com" }', ()),
        ('email = ["a@example.com"]\nsmtp = { host = "smtp.example.com", user = "a" }', ("SMTP_PASSWORD",)),
        ('webhook = "SLACK_WEBHOOK"\nformat = "slack"', ("SLACK_WEBHOOK",)),
        ('webhook = "https://ntfy.sh/guestbook"\nformat = "ntfy"', ()),
        ('webhook = "http://127.0.0.1:8080/alerts"', ()),
    ],
)
def test_the_secrets_that_the_watch_needs(tmp_path: Path, text: str, secrets: tuple[str, ...]) -> None:
    alerts = loaded(tmp_path, f"[alerts]\n{text}\n").alerts
    assert alerts.wanted
    assert alerts.secrets == secrets


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('email = ["a@example.com"]', "7: `alerts.email` needs a mail server. Name one:"),
        ('smtp = { host = "smtp.example.com" }', "7: there is a mail server, and nobody who gets mail. Name somebody:"),
        (
            'email = ["a@example.com"]\nsmtp = { host = "smtp.example.com", tls = "off", user = "a" }',
            '8: `alerts.smtp.tls` is "off", which would send the password for everybody on the way to read.',
        ),
        ('webhook = "http://example.com/hook"', "7: `alerts.webhook` is plain http"),
        ('webhook = "https://"', "7: `alerts.webhook` must be a URL such as"),
        ('webhook = "hooks.slack.com/services/x"', "7: `alerts.webhook` must be a URL such as"),
        ('email = ["nobody"]', "7: `alerts.email[0]` must be an e-mail address, not"),
        ('email = ["a@example.com, b@example.com"]', "7: `alerts.email[0]` must be an e-mail address, not"),
        ("disk_percent = 100", "7: `alerts.disk_percent` must be a whole number from 50 to 99, not 100."),
    ],
)
def test_what_cannot_be_meant_is_said_with_its_line(tmp_path: Path, text: str, said: str) -> None:
    assert f"seawall.toml:{said}" in mistakes(tmp_path, f"[alerts]\n{text}\n")


@pytest.mark.parametrize("url", ["https://hooks.slack.com/services/T0/B0/x", "https://ops:secret@example.com/hook"])
def test_a_url_that_is_a_secret_draws_a_warning(tmp_path: Path, url: str) -> None:
    (warning,) = loaded(tmp_path, f'[alerts]\nwebhook = "{url}"\n').warnings
    assert "`alerts.webhook` holds a secret" in warning
    assert "seawall secret set ALERTS_WEBHOOK" in warning


def test_an_environment_may_tell_others(tmp_path: Path) -> None:
    text: Any = '[alerts]\nwebhook = "https://ntfy.sh/a"\n\n[environments.staging.alerts]\nwebhook = ""\n'
    loaded(tmp_path, text)
    assert not load(tmp_path, "staging").alerts.wanted
