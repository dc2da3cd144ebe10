"""What `seawall verify` says of what the hosts found."""

from __future__ import annotations

from typing import Any

import pytest

from .conftest import Fleet, Run
from .golden import KEPT, assert_kept

LIVE = "/srv/guestbook/releases/v12"
VENV = "/srv/guestbook/venvs/0123456789abcdef"


def area(name: str, checked: int = 1, note: str = "", *differences: tuple[str, str]) -> dict[str, Any]:
    return {
        "name": name,
        "checked": checked,
        "note": note,
        "differences": [{"path": path, "what": what} for path, what in differences],
    }


def answer(*areas: dict[str, Any], shared: tuple[dict[str, Any], ...] = (), live: str = "v12") -> dict[str, Any]:
    return {"live": live, "areas": list(shared), "releases": [{"id": "v12", "areas": list(areas)}] if live else []}


WELL = answer(area("code", 41), area("packages", 812), shared=(area("live link"), area("contents", 33)))
TAMPERED = answer(
    area("code", 41, "", (f"{LIVE}/code/app.py", "was edited"), (f"{LIVE}/code/back\x1bdoor.py", "was not sent")),
    area("variables", 1, "their hash was not recorded when this release was made"),
    area("packages", 812, "", (f"{VENV}/lib/python3.11/site-packages/flask/app.py", "was edited")),
    shared=(area("live link"), area("contents", 33)),
)


def test_what_is_as_it_was_sent_exits_with_0(run: Run, fleet: Fleet) -> None:
    fleet.answers["verify"] = WELL
    result = run("verify")
    assert result.exit_code == 0
    assert_kept(KEPT / "verify.txt", result.stdout)


def test_what_is_not_is_named_with_the_remedy_and_exits_with_1(run: Run, fleet: Fleet) -> None:
    fleet.answers["verify"] = TAMPERED
    result = run("verify")
    assert result.exit_code == 1
    assert_kept(KEPT / "verify-differs.txt", result.stdout)
    result = run("verify", "--json")
    assert result.exit_code == 1
    assert_kept(KEPT / "verify.json", result.stdout)


def test_the_live_release_is_asked_for_or_all(run: Run, fleet: Fleet) -> None:
    fleet.answers["verify"] = WELL
    run("verify")
    run("verify", "--all")
    assert [fields for _, _, fields in fleet.asked] == [{"all": False}, {"all": True}]


def test_every_host_is_told_and_one_that_differs_is_enough(run: Run, fleet: Fleet) -> None:
    fleet.names = ["root@web1.example.com", "root@web2.example.com"]
    fleet.answers["verify"] = WELL
    result = run("verify")
    assert result.stdout.count("as it was sent") == 2
    assert [host for host, _, _ in fleet.asked] == fleet.names


def test_where_nothing_is_deployed_that_is_said_and_exits_with_1(run: Run, fleet: Fleet) -> None:
    fleet.answers["verify"] = answer(live="")
    result = run("verify")
    assert (result.exit_code, "no release yet" in result.stdout) == (1, True)


def test_of_many_differences_the_first_are_shown(run: Run, fleet: Fleet) -> None:
    many = tuple((f"{LIVE}/code/{number:03}", "is not there") for number in range(50))
    fleet.answers["verify"] = answer(area("code", 50, "", *many))
    text = run("verify").stdout
    assert "50 differences" in text
    assert "… and 30 more" in text
    assert "code/019" in text
    assert "code/020" not in text


@pytest.mark.parametrize(
    ("found", "remedy"),
    [
        (area("variables", 1, "", (f"{LIVE}/env", "was edited")), "`seawall deploy` makes a release"),
        (area("units", 1, "", ("/etc/systemd/system/x.service", "was edited")), "`seawall restart` lays"),
        (area("processes", 1, "", ("web (process 7)", "runs in /tmp")), "`seawall restart` lays"),
        (area("code", 1, "", (f"{LIVE}/code/more.py", "was not sent")), "`seawall restart` lays"),
        (area("record", 1, "", (f"{LIVE}/release.json", "was edited")), "deploy any change"),
        (area("packages", 1, "", (f"{VENV}/x", "was edited")), f"rm {VENV}/seawall-complete; `seawall restart`"),
    ],
)
def test_each_difference_has_its_remedy(run: Run, fleet: Fleet, found: dict[str, Any], remedy: str) -> None:
    fleet.answers["verify"] = answer(found)
    assert f"  next: {remedy}" in run("verify").stdout


@pytest.mark.parametrize(
    ("environment", "deploy", "restart"),
    [
        ("staging", "`seawall deploy -e staging`", "`seawall restart -e staging`"),
        ("local", "`seawall up`", "-e local`"),
    ],
)
def test_a_remedy_is_for_the_environment_that_was_looked_at(
    run: Run, fleet: Fleet, environment: str, deploy: str, restart: str
) -> None:
    fleet.answers["verify"] = answer(area("code", 1, "", (f"{LIVE}/code/app.py", "was edited")))
    assert deploy in run("verify", "-e", environment).stdout
    fleet.answers["verify"] = answer(area("code", 1, "", (f"{LIVE}/code/more.py", "was not sent")))
    assert restart in run("verify", "-e", environment).stdout


def test_an_older_release_that_differs_needs_no_deployment(run: Run, fleet: Fleet) -> None:
    older = {"id": "v11", "areas": [area("code", 1, "", ("/srv/guestbook/releases/v11/code/a", "may be run"))]}
    fleet.answers["verify"] = {"live": "v12", "areas": [], "releases": [older]}
    assert "next: only older releases differ" in run("verify", "--all").stdout
