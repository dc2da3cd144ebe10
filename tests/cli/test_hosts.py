"""The commands that look at hosts, or do something small to them."""

from __future__ import annotations

import json

import pytest

from seawall.agent.vocabulary import Event
from seawall.cli import console

from .conftest import Fleet, Run
from .golden import KEPT, assert_kept
from .plans import host_named

STATUS = {
    "live": "v12",
    "running": ["v12"],
    "programs": [{"name": "web", "role": "web", "broken": ""}, {"name": "worker", "role": "process", "broken": ""}],
    "health": "healthy",
    "maintenance": False,
    "interrupted": "",
    "busy": "",
    "disk_free": 21_400_000_000,
    "disk_total": 40_000_000_000,
    "backups": None,
    "troubles": [],
}
BACKUPS = {
    "repository": "s3:https://s3.example.com/b/guestbook",
    "last": "2026-11-28T03:04:50Z",
    "age": 7300.5,
    "bytes": 1_250_000_000,
    "proven": "2026-11-27T05:01:10Z",
    "proven_age": 180_000.0,
    "waiting": "",
    "reasons": [],
}
FULL = {
    "id": "disk:/",
    "fact": "the file system / is 93 % full",
    "remedy": "make room",
    "since": "2026-11-28T14:00:00Z",
}
RELEASES = [
    {"id": "v12", "live": True, "made": "2026-01-02T03:04:05Z", "files": 33, "commit": "0123456789abcdef",
     "dirty": True, "by": "ada@desk", "message": "Guests can wave"},
    {"id": "v11", "live": False, "made": "2026-01-01T03:04:05Z", "files": 32, "commit": "", "dirty": False,
     "by": "ada@desk", "message": ""},
]  # fmt: skip


def test_status_of_an_app_that_is_well(run: Run, fleet: Fleet) -> None:
    fleet.answers["status"] = STATUS
    result = run("status")
    assert result.exit_code == 0
    assert_kept(KEPT / "status.txt", result.stdout)
    assert_kept(KEPT / "status.json", run("status", "--json").stdout)


@pytest.mark.parametrize(("fault", "code"), [("", 0), ("the database system is starting up", 1)])
def test_status_of_a_host_that_is_the_databases_own_goes_by_the_database(
    run: Run, fleet: Fleet, fault: str, code: int
) -> None:
    apart = {"live": "", "programs": [], "health": "", "database": {"role": "primary", "fault": fault}}
    fleet.answers["status"] = {**STATUS, **apart}
    result = run("status")
    assert result.exit_code == code
    assert f"primary of the database, {fault or 'answers'}" in result.stdout


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"health": "500 at /health"}, "v12 is live, 500 at /health"),
        ({"programs": [{"name": "worker", "role": "process", "broken": "it exited"}]}, "worker  it exited"),
        ({"live": "", "programs": [], "health": ""}, "no release yet"),
        ({"troubles": [FULL]}, "  the file system / is 93 % full (since 2026-11-28 14:00 UTC)\n    make room\n"),
        ({"troubles": [{**FULL, "since": ""}]}, "  the file system / is 93 % full\n"),
        ({"interrupted": "deploy of v13 by ada was cut off"}, "was cut off; the next deploy takes care of it"),
    ],
)
def test_status_of_an_app_that_is_not_exits_with_1(
    run: Run, fleet: Fleet, change: dict[str, object], said: str
) -> None:
    fleet.answers["status"] = {**STATUS, **change}
    result = run("status")
    assert result.exit_code == 1
    assert said in result.stdout


def test_status_says_how_old_the_backups_are_and_how_proven(run: Run, fleet: Fleet) -> None:
    fleet.answers["status"] = {**STATUS, "backups": BACKUPS}
    result = run("status")
    assert result.exit_code == 0
    assert_kept(KEPT / "status-backups.txt", result.stdout)
    assert_kept(KEPT / "status-backups.json", run("status", "--json").stdout)


def test_backups_that_cannot_be_counted_on_exit_with_1(run: Run, fleet: Fleet) -> None:
    reason = "the last backup failed (2026-11-28T03:04:50Z): there is no room left where the repository is"
    fleet.answers["status"] = {**STATUS, "backups": {**BACKUPS, "reasons": [reason], "proven": "", "proven_age": None}}
    result = run("status")
    assert result.exit_code == 1
    assert f"  {reason}\n" in result.stdout
    assert "proven restore  never\n" in result.stdout


def test_the_first_backup_is_waited_for(run: Run, fleet: Fleet) -> None:
    yet = {**BACKUPS, "last": "", "age": None, "proven": "", "proven_age": None, "waiting": "no backup was made yet"}
    fleet.answers["status"] = {**STATUS, "backups": yet}
    result = run("status")
    assert result.exit_code == 0
    assert "backup          no backup was made yet\n" in result.stdout


def test_maintenance_that_is_on_is_part_of_the_status(run: Run, fleet: Fleet) -> None:
    fleet.answers["status"] = {**STATUS, "maintenance": True}
    assert "maintenance is on" in run("status").stdout


def test_releases_newest_first_with_the_live_one_marked(run: Run, fleet: Fleet) -> None:
    fleet.answers["releases"] = {"releases": RELEASES}
    assert_kept(KEPT / "releases.txt", run("releases").stdout)
    assert_kept(KEPT / "releases.json", run("releases", "--json").stdout)


def test_each_host_has_its_own_releases(run: Run, fleet: Fleet) -> None:
    fleet.names = ("web1", "web2")
    fleet.answers["releases"] = {"releases": RELEASES}
    lines = run("releases").stdout.splitlines()
    assert [lines.index("web1"), lines.index("web2")] == [0, 3]
    assert "web2" not in run("releases", "--host", "web1").stdout


def test_no_release_yet_names_deploy(run: Run, fleet: Fleet) -> None:
    fleet.answers["releases"] = {"releases": []}
    assert "seawall deploy" in run("releases").stdout


def test_logs_are_the_lines_alone_and_what_was_asked_for_reaches_the_host(run: Run, fleet: Fleet) -> None:
    fleet.answers["logs"] = {"events": [Event("output", "logs", text="one"), Event("output", "logs", text="t\x1bwo")]}
    result = run("logs", "-n", "5", "worker")
    assert result.stdout == "one\nt\\x1bwo\n"
    assert fleet.asked == [("root@web1.example.com", "logs", {"names": ["worker"], "lines": 5, "follow": False})]


def test_logs_of_several_hosts_name_the_host(run: Run, fleet: Fleet) -> None:
    fleet.names = ("web1", "web2")
    fleet.answers["logs"] = {"events": [Event("output", "logs", text="one")]}
    assert sorted(run("logs").stdout.splitlines()) == ["web1: one", "web2: one"]


def test_logs_as_json_are_one_object_a_line(run: Run, fleet: Fleet) -> None:
    fleet.answers["logs"] = {"events": [Event("output", "logs", text="one"), Event("output", "logs", text="two")]}
    lines = [json.loads(line) for line in run("logs", "--json").stdout.splitlines()]
    host = "root@web1.example.com"
    assert lines == [{"version": 1, "host": host, "text": "one"}, {"version": 1, "host": host, "text": "two"}]


def test_maintenance_is_switched_on_the_hosts(run: Run, fleet: Fleet) -> None:
    assert "is on" in run("maintenance", "on").stdout
    assert "is off" in run("maintenance", "off").stdout
    assert [(op, fields["on"]) for _, op, fields in fleet.asked] == [("maintenance", True), ("maintenance", False)]
    assert_kept(KEPT / "maintenance.json", run("maintenance", "on", "--json").stdout)


def test_kept_pages_are_forgotten_on_every_host(run: Run, fleet: Fleet) -> None:
    fleet.answers["purge"] = {"pages": 1}
    assert run("cache", "purge").stdout == "root@web1.example.com: 1 page forgotten\n"
    fleet.answers["purge"] = {"pages": 40}
    assert "40 pages" in run("cache", "purge").stdout
    assert [op for _, op, _ in fleet.asked] == ["purge", "purge"]
    assert_kept(KEPT / "cache-purge.json", run("cache", "purge", "--json").stdout)


def test_rollback_brings_up_the_release_before_or_the_one_named(run: Run, fleet: Fleet) -> None:
    assert run("rollback").stdout.startswith("v11 is live, v12 was before (")
    assert [op for _, op, _ in fleet.asked] == ["prepare-existing", "commit"]
    assert fleet.asked[0][2]["release_id"] == "v11"
    result = run("rollback", "--to", "v9")
    assert result.exit_code == 2
    assert "it keeps: v11, v12" in result.stderr


def test_rollback_to_a_release_of_the_other_front_server_shows_what_changes_and_does_exactly_that(
    run: Run, fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    host = host_named("web1", fleet)
    host.session.facts = {"nginx_version": "1.22.1", "apache_version": "2.4.62"}
    monkeypatch.setattr("seawall.operations.hosts.connect", lambda *_: [host])
    stop = {"kind": "service", "name": "apache2", "action": "stop", "diff": "", "before": "running"}
    fleet.answers |= {
        "fronts": {"wanted": "nginx", "live": "apache"},
        "plan": {"changes": [stop], "fingerprint": "of this plan"},
    }
    result = run("rollback")
    assert "web1: nginx is the front server again\n  > stop service apache2\n" in result.stderr
    asked = {op: fields for _, op, fields in fleet.asked}
    assert list(asked) == ["fronts", "plan", "prepare-existing", "commit"]
    assert asked["prepare-existing"]["fingerprint"] == "of this plan"
    sites = [item["path"] for item in asked["plan"]["resources"] if "sites-enabled" in item.get("path", "")]
    assert "/etc/nginx/sites-enabled/seawall-guestbook.conf" in sites
    fleet.answers["fronts"] = {"wanted": "nginx", "live": "nginx"}
    fleet.asked.clear()
    run("rollback")
    assert [op for _, op, _ in fleet.asked] == ["fronts", "prepare-existing", "commit"]


def test_rollback_as_json_is_the_kept_contract(run: Run, fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("seawall.cli.bringing_up.time.monotonic", iter([1.0, 1.75]).__next__)
    assert_kept(KEPT / "rollback.json", run("rollback", "--json").stdout)


def test_restart_is_a_release_of_its_own_with_the_same_content(run: Run, fleet: Fleet) -> None:
    assert run("restart").stdout.startswith("v13 is live, v12 was before (")
    asked = fleet.asked[0][2]
    assert (asked["action"], asked["release_id"], asked["like"]) == ("restart", "v13", "v12")


@pytest.mark.parametrize("command", ["rollback", "restart"])
def test_a_deployment_that_was_cut_off_is_taken_care_of_first(
    run: Run, fleet: Fleet, command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from .plans import host_named

    host = host_named("web1", fleet)
    host.app["interrupted"] = "deploy of v13"
    monkeypatch.setattr("seawall.operations.hosts.connect", lambda *_: [host])
    fleet.answers |= {
        "recover": {"done": "an earlier deploy of v13, was undone: v12 is live"},
        "open": {**host.app, "interrupted": ""},
    }
    assert "web1: an earlier deploy of v13, was undone" in run(command).stderr
    assert [op for _, op, _ in fleet.asked] == ["recover", "open", "prepare-existing", "commit"]


def test_destroy_needs_the_name_of_the_app(run: Run, fleet: Fleet) -> None:
    fleet.answers["destroy"] = {"removed": ["/etc/nginx/sites-enabled/guestbook.conf"], "kept": ["/srv/guestbook/data"]}
    assert run("destroy").exit_code == 2
    wrong = run("destroy", "--yes", "guest")
    assert wrong.exit_code == 2
    assert "guestbook, not guest" in wrong.stderr
    assert fleet.asked == []
    assert "kept: /srv/guestbook/data" in run("destroy", "--yes", "guestbook").stdout
    assert fleet.asked[0][2]["with_data"] is False
    assert_kept(KEPT / "destroy.json", run("destroy", "--yes", "guestbook", "--with-data", "--json").stdout)
    assert fleet.asked[1][2]["with_data"] is True


def test_destroy_asks_a_person_to_type_the_name(run: Run, fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(console, "can_ask", lambda: True)
    fleet.answers["destroy"] = {"removed": [], "kept": []}
    result = run("destroy", input="y\n")
    assert result.exit_code == 1
    assert "root@web1.example.com" in result.stderr
    assert fleet.asked == []
    assert run("destroy", input="guestbook\n").exit_code == 0
    assert [op for _, op, _ in fleet.asked] == ["destroy"]


def test_another_environments_app_has_its_own_name(run: Run, fleet: Fleet) -> None:
    assert run("destroy", "-e", "staging", "--yes", "guestbook").exit_code == 2


def test_run_becomes_the_command_and_leaves_its_options_alone(
    run: Run, fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    became: list[list[str]] = []
    monkeypatch.setattr("seawall.cli.run.os.execvp", lambda _, line: became.append(line))
    assert run("run", "--", "flask", "--app", "guestbook", "shell").exit_code == 0
    assert became[0][:5] == ["ssh", "-T", "--", "root@web1.example.com", became[0][4]]
    assert "flask --app guestbook shell" in became[0][4]
    assert run("run").exit_code == 2
