"""`seawall alerts`: who is told, tried out, and what trouble there is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from .conftest import Fleet, Run
from .golden import KEPT, assert_kept
from .test_hosts import FULL

ALERTS = """
[alerts]
email = ["ops@example.com"]
webhook = "SLACK_WEBHOOK"
format = "slack"
smtp.host = "smtp.example.com"
"""
TAKEN = {"channel": "email", "to": "ops@example.com", "sent": True, "said": "250 OK queued as 4711", "remedy": ""}
REFUSED = {
    "channel": "webhook",
    "to": "hooks.slack.com",
    "sent": False,
    "said": "hooks.slack.com: the webhook answered 403 Forbidden invalid_token",
    "remedy": "the answer says why; correct [alerts] and deploy",
}
WELL: dict[str, Any] = {
    "version": 1,
    "app": "guestbook",
    "host": "web1.example.com",
    "looked": "2026-11-28T14:05:00Z",
    "well": True,
    "troubles": [],
    "channels": {"email": {"failed": False, "said": "250 OK queued as 4711"}},
}


@pytest.fixture(autouse=True)
def _alerts(folder: Path) -> None:
    file = folder / "seawall.toml"
    file.write_text(file.read_text().replace("\n[environments", f"{ALERTS}\n[environments"))


def test_what_each_server_answered_to_a_test_is_shown(run: Run, fleet: Fleet) -> None:
    fleet.answers["data-test-alerts"] = {"channels": [TAKEN, REFUSED]}
    result = run("alerts", "test")
    assert result.exit_code == 1
    assert_kept(KEPT / "alerts-test.txt", result.stdout)
    assert_kept(KEPT / "alerts-test.json", run("alerts", "test", "--json").stdout)


def test_a_test_that_everybody_got_is_a_success(run: Run, fleet: Fleet) -> None:
    fleet.answers["data-test-alerts"] = {"channels": [TAKEN]}
    assert run("alerts", "test").exit_code == 0


def test_where_there_is_nobody_to_tell_no_host_is_asked(run: Run, fleet: Fleet, folder: Path) -> None:
    file = folder / "seawall.toml"
    file.write_text(file.read_text().replace(ALERTS, ""))
    result = run("alerts", "test")
    assert result.exit_code == 2
    assert "there is nobody to tell" in result.stderr
    assert fleet.asked == []


def test_the_troubles_of_a_host_and_whom_it_told_last(run: Run, fleet: Fleet) -> None:
    fleet.answers["data-troubles"] = {**WELL, "well": False, "troubles": [FULL]}
    result = run("alerts", "status")
    assert result.exit_code == 1
    assert_kept(KEPT / "alerts-status.txt", result.stdout)
    assert_kept(KEPT / "alerts-status.json", run("alerts", "status", "--json").stdout)


def test_no_trouble_and_no_look_yet(run: Run, fleet: Fleet) -> None:
    fleet.answers["data-troubles"] = {**WELL, "looked": "", "channels": {}}
    result = run("alerts", "status")
    assert result.exit_code == 0
    assert result.stdout == "guestbook on root@web1.example.com: no trouble\n  no watch has looked here yet\n"
