"""The ways of a deployment that goes well."""

from __future__ import annotations

import json
import ssl
import subprocess
from pathlib import Path

import pytest

from local.site import Site
from seawall.errors import UsageError
from seawall.operations import authority, local, look, run
from seawall.operations.rollback import restart, rollback
from seawall.operations.stop import set_maintenance
from seawall.traffic import TrafficProcess


def test_a_first_deployment_puts_the_app_online_and_a_second_without_a_change_has_nothing_to_do(fresh: Site) -> None:
    done = fresh.deploy()
    assert done.answer.live == "v1"
    assert fresh.says() == "one"
    assert fresh.get("/static/style.css") == (200, "one")
    steps = [step for step in done.steps() if step in ("staged", "built", "started", "gated", "switched", "pruned")]
    assert steps == ["staged", "built", "started", "gated", "switched", "pruned"]
    with fresh.plan() as plan:
        assert plan.empty
        assert plan.hosts[0].changes == ()
        assert not plan.hosts[0].missing


def test_releases_and_rollbacks_under_traffic_fail_no_request(site: Site) -> None:
    site.deploy()
    with TrafficProcess.start(site.traffic()) as traffic:
        site.version("two")
        site.write("static/style.css", "two")
        second = site.deploy().answer
        assert site.says() == "two"
        assert site.get("/static/style.css") == (200, "two")
        site.do(rollback)
        assert site.says() == "one"
        assert site.get("/static/style.css") == (200, "one")
        site.do(lambda hosts: rollback(hosts, second.live))
        assert site.says() == "two"
        site.do(restart)
        report = traffic.stop()
    assert report.failed == 0, report.failures
    assert {mark.name for mark in report.marks} == {"one", "two"}


def test_a_renewed_certificate_is_shown_to_visitors_after_the_next_up(site: Site) -> None:
    site.deploy()
    before = site.leaf()
    files = authority.leaf_files(local.folder(site.project))
    files.certificate.unlink()
    local.prepare(site.project)
    assert site.leaf() == before, "nginx keeps what it has read"
    site.deploy()
    shown = site.leaf()
    assert shown == ssl.PEM_cert_to_DER_cert(files.certificate.read_text())
    assert shown != before


def test_only_what_changed_travels(site: Site) -> None:
    site.deploy()
    site.version("smaller")
    with site.plan() as plan:
        assert plan.hosts[0].release.files == {"added": [], "changed": ["app.py"], "removed": []}
        assert len(plan.hosts[0].missing) == 1


def test_a_changed_variable_is_a_new_release_and_its_value_is_in_no_plan(site: Site) -> None:
    site.deploy()
    before = site.live
    site.configure("env", 'COLOUR = "aubergine"')
    with site.plan() as plan:
        release = plan.hosts[0].release
        assert release.new
        assert release.env["added"] == ["COLOUR"]
        assert "aubergine" not in repr(release)
    site.deploy()
    assert site.live != before
    assert site.get() == (200, "VERSION one aubergine")
    site.do(rollback)
    assert site.get() == (200, "VERSION one grey")


def test_a_restart_is_a_release_with_the_same_content(site: Site) -> None:
    site.deploy()
    before = site.live
    done = site.do(restart)
    assert site.live == done.answer != before
    assert site.says() == "one"
    with site.plan() as plan:
        assert plan.empty


def test_a_rollback_to_the_live_release_or_a_stranger_is_refused(site: Site) -> None:
    with pytest.raises(UsageError, match="live already"):
        site.do(lambda hosts: rollback(hosts, site.live))
    with pytest.raises(UsageError, match="no release v999"):
        site.do(lambda hosts: rollback(hosts, "v999"))


def test_as_many_releases_are_kept_as_configured_and_ids_are_never_used_again(site: Site) -> None:
    site.configure("release", "keep = 2")
    for name in ("a", "b"):
        site.version(name)
        site.deploy()
    before = site.live
    site.do(rollback)
    back = site.live
    site.version("c")
    live = site.deploy().answer.live
    assert int(live[1:]) == int(before[1:]) + 1
    with site.hosts() as hosts:
        lines = look.releases(hosts)
    assert [(line.id, line.live) for line in lines] == [(live, True), (back, False)]


def test_persisted_paths_live_on_from_release_to_release(site: Site) -> None:
    site.deploy()
    (site.base / "live" / "code" / "kept" / "letter").write_text("dear")
    site.version("after")
    site.deploy()
    assert (site.base / "live" / "code" / "kept" / "letter").read_text() == "dear"


def test_a_setup_command_runs_once_and_a_migration_each_time(fresh: Site) -> None:
    fresh.configure("release", 'setup = "echo s >> kept/log; echo setting up"', 'migrate = "echo m >> kept/log"')
    assert "setting up" in fresh.deploy().output()
    fresh.version("two")
    fresh.deploy()
    assert (fresh.base / "data" / "kept" / "log").read_text().split() == ["s", "m", "m"]


def test_maintenance_shows_visitors_a_page_and_releases_go_on_meanwhile(site: Site) -> None:
    site.deploy()
    with site.hosts() as hosts:
        set_maintenance(hosts, on=True)
    assert site.get()[0] == 503
    site.version("rested")
    site.deploy()
    assert site.get()[0] == 503
    with site.hosts() as hosts:
        assert look.status(hosts)[0].maintenance
        set_maintenance(hosts, on=False)
    assert site.says() == "rested"


def test_a_one_off_command_runs_in_the_release_with_its_variables_and_environment(site: Site) -> None:
    site.configure("env", 'COLOUR = "blue"')
    site.deploy()
    script = "import flask, os, json; print(json.dumps([os.getcwd(), os.environ['COLOUR'], flask.__file__]))"
    with site.hosts() as hosts:
        command = run.command_line(hosts[0], ["python", "-c", script], terminal=False)
        missing = run.command_line(hosts[0], ["no-such-program"], terminal=False)
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    where, colour, flask = json.loads(done.stdout)
    assert Path(where) == (site.base / "live" / "code").resolve()
    assert colour == "blue"
    assert Path(flask).resolve().is_relative_to(site.base / "venvs")
    failed = subprocess.run(missing, capture_output=True, text=True, check=False)
    assert failed.returncode == 1
    assert "no-such-program cannot be run" in failed.stderr
    assert "Traceback" not in failed.stderr


def test_status_and_logs_tell_how_it_is(site: Site) -> None:
    site.deploy()
    with site.hosts() as hosts:
        status = look.status(hosts)[0]
    assert status.well
    assert status.live == site.live
    assert status.running == (site.live,)
    done = site.do(lambda hosts: look.logs(hosts, ["web"], 50, follow=False))
    assert "WSGI app 0" in done.output()


def test_down_stops_everything_and_up_brings_the_same_release_back(fresh: Site) -> None:
    fresh.deploy()
    fresh.down()
    assert fresh.processes() == []
    with fresh.hosts() as hosts:
        status = look.status(hosts)[0]
    assert status.live == "v1"
    assert not status.well
    fresh.deploy()
    assert fresh.live == "v1"
    assert fresh.says() == "one"
    fresh.down()
    fresh.version("two")
    fresh.deploy()
    assert fresh.live == "v2"
    assert fresh.says() == "two"
