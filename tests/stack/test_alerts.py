"""What a server holds so that people are told of trouble."""

from __future__ import annotations

import json
from typing import Any

import pytest

from seawall.agent.data.alert_settings import AlertSettings, Mail, Thresholds, Webhook, settings_from_wire
from seawall.agent.vocabulary import AgentCopy, File, Requirements, Source, Unit
from seawall.config.model import Project
from seawall.stack.compose import compose
from seawall.stack.composition import Composition
from stack.cases import BOOKWORM, LOCAL, SERVER, TREE, composed, project

OWN = {"SMTP_PASSWORD": "not in any file but env", "SLACK_WEBHOOK": "https://hooks.example.com/s3cr3t"}
WATCHED = {
    "email": ["ops@example.com", "ada@example.com"],
    "smtp": {"host": "smtp.example.com", "user": "seawall"},
    "webhook": "SLACK_WEBHOOK",
    "format": "slack",
    "minutes": 2,
    "disk_percent": 80,
}


def made(mine: Project, target: Any = SERVER) -> Composition:
    return compose(
        mine,
        target,
        BOOKWORM,
        tree=TREE,
        env={},
        requirements=Requirements(path="requirements.txt"),
        source=Source(),
        own=OWN,
    )


def files(made: Composition) -> dict[str, File]:
    return {one.path: one for one in made.resources if isinstance(one, File)}


def test_without_a_recipient_there_is_no_watch() -> None:
    plain = composed()
    assert not [path for path in files(plain) if "alerts" in path or "watch" in path]
    assert not [one for one in plain.resources if isinstance(one, AgentCopy)]


def test_the_watch_is_told_whom_to_tell_and_no_secret() -> None:
    there = made(project(alerts=WATCHED))
    told = files(there)["/srv/guestbook/state/alerts.json"]
    assert told.mode == 0o600
    assert settings_from_wire(json.loads(told.content)) == AlertSettings(
        host="web.example.net",
        layout=there.layout,
        certificate="/etc/ssl/seawall/guestbook.crt",
        minutes=2,
        mail=Mail(
            ("ops@example.com", "ada@example.com"),
            "ops@example.com",
            "smtp.example.com",
            587,
            "starttls",
            "seawall",
            "SMTP_PASSWORD",
        ),
        webhook=Webhook("slack", secret="SLACK_WEBHOOK"),
        thresholds=Thresholds(80, 14, 3),
    )
    for path, file in files(there).items():
        assert file.secret == path.endswith("alerts.env")
        assert path.endswith("alerts.env") or not any(value in file.content for value in OWN.values())


def test_its_secrets_are_roots_alone_and_not_the_apps() -> None:
    there = made(project(alerts=WATCHED))
    secret = files(there)["/srv/guestbook/state/alerts.env"]
    assert (secret.mode, secret.secret) == (0o600, True)
    assert (
        secret.content == 'SLACK_WEBHOOK="https://hooks.example.com/s3cr3t"\nSMTP_PASSWORD="not in any file but env"\n'
    )
    assert not set(OWN) & set(there.release.env)


def test_a_timer_of_the_hosts_own_starts_it_for_an_app_without_a_database() -> None:
    there = made(project(alerts=WATCHED))
    assert Unit("seawall-watch-guestbook.timer") in there.resources
    units = {path.rpartition("/")[2]: file for path, file in files(there).items() if "seawall-watch" in path}
    assert "OnUnitActiveSec=2min" in units["seawall-watch-guestbook.timer"].content
    service = units["seawall-watch-guestbook.service"].content
    assert "ExecStart=/usr/bin/python3 -I /var/lib/seawall/agent.pyz job watch /srv/guestbook\n" in service
    assert files(there)["/srv/guestbook/state/data.json"]


def test_without_a_login_or_a_secret_url_no_secret_is_on_the_host() -> None:
    there = made(project(alerts={"webhook": "https://ntfy.sh/guestbook", "format": "ntfy"}))
    assert "/srv/guestbook/state/alerts.env" not in files(there)


@pytest.mark.parametrize("mode", ["off", "files"])
def test_the_certificate_that_is_compared_is_the_sites(mode: str) -> None:
    tls = {"mode": mode, "certificate": "/etc/ssl/own.pem", "key": "/etc/ssl/own.key"}
    there = made(project(alerts=WATCHED, tls=tls))
    told = json.loads(files(there)["/srv/guestbook/state/alerts.json"].content)
    assert told["certificate"] == ("/etc/ssl/own.pem" if mode == "files" else "")


def test_this_machine_needs_no_watch() -> None:
    there = made(project(alerts=WATCHED, environment="local"), LOCAL)
    assert not [path for path in files(there) if "alerts" in path or "watch" in path]
