"""The commands for an app that is online: looking at it, running things in it, and taking it away."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

import pytest

from seawall.traffic import TrafficPlan, TrafficProcess

from .machine import Host
from .product import Project, certificate_file, eventually, tiny_project, visit

PAGE = "/srv/page/index.html"


@dataclass(frozen=True)
class Served:
    host: Host
    project: Project


@pytest.fixture(scope="module")
def served(module_host: Host, ssh_environment: Mapping[str, str], tmp_path_factory: pytest.TempPathFactory) -> Served:
    module_host.write_file(PAGE, "by hand\n")
    module_host.write_file(
        "/etc/nginx/conf.d/page.conf", "server { listen 80; server_name page.example.com; root /srv/page; }\n"
    )
    project = tiny_project(
        tmp_path_factory.mktemp("commands"),
        ssh_environment,
        module_host.name,
        secrets=["TOKEN"],
        app={"persist": ["kept"]},
        processes={"worker": "sh -c 'echo the worker is here; exec sleep 100000'"},
    )
    project.seawall("secret", "set", "TOKEN", input="first-secret-value\n")
    project.deploy()
    return Served(module_host, project)


def test_status_says_that_the_app_is_well(served: Served) -> None:
    status = served.project.seawall("status", "--json").json
    assert status["app"] == "tiny"
    assert status["well"] is True
    (host,) = status["hosts"]
    assert (host["host"], host["live"], host["health"]) == (served.host.name, "v1", "healthy")
    assert [(one["name"], one["broken"]) for one in host["programs"]] == [("web", ""), ("worker", "")]
    assert "healthy" in served.project.seawall("status").out


def test_status_exits_with_1_and_says_so_while_the_worker_is_down(served: Served) -> None:
    unit = "seawall-tiny.worker@v1.service"
    served.host.run(["systemctl", "stop", unit])
    status = served.project.seawall("status", "--json", check=False)
    served.host.run(["systemctl", "start", unit])
    assert status.code == 1
    assert status.json["well"] is False
    assert [one["name"] for one in status.json["hosts"][0]["programs"] if one["broken"]] == ["worker"]


def test_logs_show_a_line_that_the_app_wrote_and_those_of_one_program_alone(served: Served) -> None:
    visit(served.host, "/say/platypus")
    eventually(lambda: "platypus" in served.project.seawall("logs").out, "the app's line in the log")
    worker = served.project.seawall("logs", "worker").out
    assert "the worker is here" in worker
    assert "platypus" not in worker
    lines = [json.loads(line) for line in served.project.seawall("logs", "--json").out.splitlines()]
    assert any("platypus" in line["text"] and line["host"] == served.host.name for line in lines)


def test_logs_mask_a_secret_that_the_app_prints(served: Served) -> None:
    visit(served.host, "/say/first-secret-value")
    visit(served.host, "/say/after-it")
    eventually(lambda: "after-it" in served.project.seawall("logs").out, "the app's line in the log")
    assert "first-secret-value" not in served.project.seawall("logs").out


def test_logs_are_followed_until_interrupted(served: Served) -> None:
    with served.project.on_a_terminal("logs", "-f", "-n", "0") as terminal:
        eventually(lambda: visit(served.host, "/say/okapi") and terminal.shows("okapi", within=1), "a followed line")
        terminal.interrupt()
        assert terminal.finish(timeout=30) in (0, 130)
    eventually(
        lambda: "journalctl" not in served.host.run(["sh", "-c", "cat /proc/[0-9]*/comm"], check=False).stdout,
        "the journalctl on the host to end",
    )


def test_a_command_runs_as_the_apps_user_in_the_release_with_its_environment(served: Served) -> None:
    script = "import os, flask, app; print(os.getcwd(), os.environ['TOKEN'], app.VERSION)"
    done = served.project.seawall("run", "--", "python", "-c", script)
    assert done.out == "/srv/tiny/releases/v1/code first-secret-value one\n"
    assert served.project.seawall("run", "id", "-un").out == "tiny\n"


def test_a_commands_exit_code_input_and_arguments_pass_through(served: Served) -> None:
    words = ["a b", "'", "$HOME", "*", "ü"]
    assert served.project.seawall("run", "--", "sh", "-c", "exit 7", check=False).code == 7
    assert served.project.seawall("run", "--", "cat", input="one\ntwo\n").out == "one\ntwo\n"
    assert served.project.seawall("run", "--", "printf", "%s\n", *words).out.splitlines() == words


def test_a_command_that_is_not_there_is_named(served: Served) -> None:
    missing = served.project.seawall("run", "--", "no-such-program", check=False)
    assert missing.code != 0
    assert "no-such-program" in missing.err
    assert "Traceback" not in missing.err


def test_a_command_gets_the_persons_terminal(served: Served) -> None:
    with served.project.on_a_terminal("run", "--", "sh", "-c", "tty -s && read -r word && echo got $word") as terminal:
        terminal.type("marmot")
        assert terminal.finish() == 0, terminal.seen
    assert "got marmot" in terminal.seen


def test_a_restart_loses_no_request_and_starts_the_same_anew(served: Served) -> None:
    before = served.host.run(["systemctl", "show", "-P", "MainPID", "seawall-tiny@v1.service"]).stdout
    trusted = certificate_file(served.host, served.project.directory.parent)
    plan = TrafficPlan(
        "https://tiny.example.com/",
        rate=100,
        ca_file=str(trusted),
        resolve_to=served.host.address,
        mark="version (\\w+)",
    )
    with TrafficProcess.start(plan) as traffic:
        done = served.project.seawall("restart", "--json").json
        report = traffic.stop()
    assert report.failed == 0, report.failures
    assert report.requests > 0
    live = served.project.live()
    assert done["live"] == live != "v1"
    after = served.host.run(["systemctl", "show", "-P", "MainPID", f"seawall-tiny@{live}.service"]).stdout
    assert after != before
    assert visit(served.host).text == "version one"


def test_a_changed_secret_is_a_new_release(served: Served) -> None:
    live = served.project.live()
    served.project.seawall("secret", "set", "TOKEN", input="second-secret-value\n")
    plan = served.project.seawall("plan", "--exit-code", check=False)
    assert plan.code == 3
    assert "TOKEN" in plan.out
    assert "secret-value" not in plan.out
    served.project.deploy()
    assert served.project.live() != live
    assert visit(served.host, "/env/TOKEN").text == "second-secret-value"


def test_maintenance_shows_visitors_a_page_and_deployments_go_on(served: Served) -> None:
    project, host = served.project, served.host
    assert project.seawall("maintenance", "on", "--json").json["maintenance"] is True
    page = visit(host)
    assert page.status_code == 503
    assert "Back soon" in page.text
    assert page.headers["retry-after"] == "60"
    status = project.seawall("status", "--json")
    assert status.json["hosts"][0]["maintenance"] is True
    assert status.json["hosts"][0]["health"] == "healthy"
    project.release("two")
    project.deploy()
    assert visit(host).status_code == 503
    project.seawall("maintenance", "off")
    assert visit(host).text == "version two"


def test_the_workers_are_explained_with_what_a_deployment_has_measured(served: Served) -> None:
    (host,) = served.project.seawall("explain", "server", "--json").json["hosts"]
    assert host["measured"] is True
    assert 5_000_000 < host["worker_memory"] < 200_000_000
    assert host["source"].startswith("measured in v")
    serving = json.loads(served.host.read_file("/srv/tiny/live/release.json"))["release"]["serving"]
    assert (serving["kind"], serving["workers"]) == (host["kind"], host["workers"])
    assert served.project.seawall("plan", "--exit-code").code == 0, "what was measured makes no other release"


def test_ways_to_run_the_app_are_tried_beside_the_live_release_and_leave_nothing(served: Served) -> None:
    project, host = served.project, served.host
    before, page = project.live(), visit(host).text
    listing = "ls /srv/tiny/releases /srv/tiny/objects /srv/tiny/venvs /run/seawall/tiny /etc/systemd/system"
    lying = host.run(["sh", "-c", listing]).stdout
    words = ("tune", "--host", host.name, "--route", "/", "--threads", "8", "--seconds", "5", "--json")
    refused = project.seawall(*words, check=False)
    assert refused.code == 2
    assert "--yes-on-live" in refused.json["error"]["remedy"]
    done = project.seawall(*words, "--yes-on-live").json
    now, other = done["candidates"]
    assert other["threads"] == 8
    for one in (now, other):
        assert one["requests_per_second"]["/"] > 0, one["why_not"]
        assert one["memory"] > 5_000_000
    assert project.live() == before
    assert visit(host).text == page
    assert host.run(["sh", "-c", listing]).stdout == lying
    units = host.run(["systemctl", "list-units", "--no-legend", "--plain", "seawall-tiny*@*"]).stdout.split("\n")
    assert {unit.partition("@")[2].partition(".")[0] for unit in units if unit} == {before}


def test_every_json_document_parses_and_has_a_version(served: Served) -> None:
    commands = (
        ["plan"],
        ["deploy", "--yes"],
        ["releases"],
        ["status"],
        ["secret", "list"],
        ["config", "check"],
        ["rollback"],
        ["maintenance", "off"],
    )
    for command in commands:
        assert served.project.seawall(*command, "--json").json["version"] == 1, command


def test_an_error_is_a_json_document_too(served: Served) -> None:
    failed = served.project.seawall("rollback", "--to", "v999", "--json", check=False)
    assert failed.code == 2
    assert failed.json["error"]["exit_code"] == 2
    assert "v999" in failed.json["error"]["fact"]


def test_destroy_wants_the_apps_name(served: Served) -> None:
    assert served.project.seawall("destroy", check=False).code == 2
    assert served.project.seawall("destroy", "--yes", "other", check=False).code == 2
    with served.project.on_a_terminal("destroy") as terminal:
        terminal.wait_for("Type the app's name")
        terminal.type("yes")
        assert terminal.finish() == 1
    assert visit(served.host).status_code == 200


def test_destroy_leaves_the_data_and_what_is_not_the_apps(served: Served) -> None:
    host = served.host
    host.write_file("/srv/tiny/data/kept/photo", "dear\n")
    with served.project.on_a_terminal("destroy") as terminal:
        terminal.wait_for("Type the app's name")
        terminal.type("tiny")
        assert terminal.finish() == 0, terminal.seen
    assert host.read_file("/srv/tiny/data/kept/photo") == "dear\n"
    assert host.run(["sh", "-c", "ls /etc/systemd/system /etc/nginx/* | grep tiny"], check=False).stdout == ""
    assert host.run(["systemctl", "list-units", "--all", "--no-legend", "seawall-tiny*"]).stdout == ""
    assert not host.exists("/run/seawall/tiny")
    assert not host.exists("/srv/tiny/releases")
    assert visit(host, domain="page.example.com", scheme="http").text == "by hand\n"
    assert "version two" not in visit(host, scheme="http").text


def test_a_destroyed_app_comes_back_to_its_data(served: Served) -> None:
    served.project.deploy()
    assert visit(served.host).text == "version two"
    assert served.project.seawall("run", "--", "cat", "kept/photo").out == "dear\n"


def test_destroy_with_its_data_leaves_nothing(served: Served) -> None:
    served.project.seawall("destroy", "--yes", "tiny", "--with-data")
    assert not served.host.exists("/srv/tiny")
    nothing = served.project.seawall("status", check=False)
    assert nothing.code == 1
    assert "no release yet" in nothing.out


def test_destroying_what_is_not_there_is_no_mishap(served: Served) -> None:
    served.project.seawall("destroy", "--yes", "tiny")
