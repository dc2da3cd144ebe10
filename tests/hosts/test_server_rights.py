"""What the app may do on its server, where its secrets are, and what comes back when the server starts."""

import stat
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from .machine import Host
from .product import Project, Result, eventually, tiny_project, visit

SECRET = "pelican-41-quartz-never-seen"
VISITORS = ("nobodyspecial", "www-data")


@dataclass(frozen=True)
class Served:
    host: Host
    project: Project
    deployed: Result
    seen_running: frozenset[str]


@pytest.fixture(scope="module")
def served(module_host: Host, ssh_environment: Mapping[str, str], tmp_path_factory: pytest.TempPathFactory) -> Served:
    """An app with a secret and a folder that it keeps, deployed while somebody watched every command line."""
    project = tiny_project(
        tmp_path_factory.mktemp("rights"),
        ssh_environment,
        module_host.name,
        secrets=["TOKEN"],
        app={"persist": ["kept"]},
        processes={"worker": "sleep 100000"},
        release={"migrate": "sh -c 'echo the token is $TOKEN'"},
        static={"/static/": "static"},
    )
    project.write("static/style.css", "body { color: black }\n")
    with watched_command_lines() as seen:
        project.seawall("secret", "set", "TOKEN", input=f"{SECRET}\n")
        deployed = project.deploy()
    return Served(module_host, project, deployed, frozenset(seen))


@contextmanager
def watched_command_lines() -> Iterator[set[str]]:
    """All command lines seen on this machine, its test hosts' included, while the block runs."""
    seen: set[str] = set()
    over = threading.Event()

    def watch() -> None:
        while not over.wait(0.01):
            for file in Path("/proc").glob("[0-9]*/cmdline"):
                try:
                    seen.add(file.read_bytes().replace(b"\0", b" ").decode(errors="replace"))
                except OSError:
                    continue  # it ended between the two looks

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield seen
    finally:
        over.set()
        watcher.join()


def as_user(host: Host, user: str, *argv: str) -> str:
    return host.run(["env", "--chdir=/", "runuser", "-u", user, "--", *argv], check=False).stdout


def test_the_app_may_write_nothing_of_its_own_but_its_data(served: Served) -> None:
    places = ("/srv/tiny", "/var/lib/seawall", "/var/cache/seawall", "/etc", "/run/seawall")
    found = as_user(served.host, "tiny", "find", *places, "!", "-type", "l", "-writable").split()
    assert found
    assert [path for path in found if not path.startswith("/srv/tiny/data")] == ["/run/seawall/tiny/v1.sock"]


def test_a_persisted_path_leads_from_the_code_into_the_data(served: Served) -> None:
    served.project.seawall("run", "--", "sh", "-c", "echo by hand > kept/note")
    assert served.host.read_file("/srv/tiny/data/kept/note") == "by hand\n"


def test_code_and_settings_are_the_apps_to_read_and_nobody_elses(served: Served) -> None:
    host = served.host
    private = ("/srv/tiny/live/code/", "/srv/tiny/live/settings/", "/srv/tiny/data/")
    looking = ("find", *private, "-type", "f")
    assert "/srv/tiny/live/code/app.py" in as_user(host, "tiny", *looking)
    for user in VISITORS:
        assert as_user(host, user, *looking) == ""


def test_static_files_are_the_front_servers_to_read(served: Served) -> None:
    path = "/srv/tiny/live/static/static/style.css"
    assert as_user(served.host, "www-data", "cat", path) == "body { color: black }\n"
    assert visit(served.host, "/static/style.css").text == "body { color: black }\n"


def test_the_environment_file_is_roots_alone(served: Served) -> None:
    shown = served.host.run(["stat", "-c", "%a %U:%G", "/srv/tiny/live/env"]).stdout
    assert shown == "600 root:root\n"
    for user in ("tiny", *VISITORS):
        assert as_user(served.host, user, "cat", "/srv/tiny/live/env") == ""


def test_the_app_gets_its_secret(served: Served) -> None:
    assert visit(served.host, "/env/TOKEN").text == SECRET


def test_the_secret_lies_on_the_servers_disk_only_in_the_releases_own_files_of_root(served: Served) -> None:
    finding = "grep -rlsaF -f - --exclude-dir=proc --exclude-dir=sys /"
    found = served.host.run(["sh", "-c", finding], stdin=f"{SECRET}\n", check=False).stdout.split()
    assert found == ["/srv/tiny/releases/v1/env"]


def test_the_secret_lies_in_no_file_of_the_project(served: Served) -> None:
    files = [path for path in served.project.directory.rglob("*") if path.is_file()]
    assert files
    assert [path for path in files if SECRET.encode() in path.read_bytes()] == []


def test_no_command_line_ever_showed_the_secret(served: Served) -> None:
    assert any("uwsgi" in line.lower() for line in served.seen_running)
    assert [line for line in served.seen_running if SECRET in line] == []


def test_no_log_no_unit_and_no_word_of_seawall_shows_the_secret(served: Served) -> None:
    project, host = served.project, served.host
    shown = [
        host.run(["journalctl", "--no-pager"]).stdout,
        host.run(["systemctl", "show", "seawall-tiny*", "nginx"]).stdout,
        host.run(["systemctl", "cat", "seawall-tiny*"]).stdout,
        served.deployed.said,
        project.seawall("plan", "--json").said,
        project.seawall("status").said,
        project.seawall("releases", "--json").said,
    ]
    assert all(shown)
    assert [text for text in shown if SECRET in text] == []


def test_a_migration_that_prints_the_secret_is_shown_without_it(served: Served) -> None:
    assert "the token is ••••••" in served.deployed.said


def test_sockets_are_the_apps_and_nginxs_alone(served: Served) -> None:
    shown = served.host.run(["stat", "-c", "%F %a %U:%G", "/run/seawall/tiny/v1.sock"]).stdout
    assert shown == "socket 660 tiny:www-data\n"


def test_every_process_of_the_app_runs_as_its_user_without_privileges(served: Served) -> None:
    look = "for u in $(systemctl list-units --plain --no-legend 'seawall-tiny*.service' | cut -d' ' -f1); do "
    look += "p=$(systemctl show -P MainPID $u); grep -H -E '^(Uid|CapEff|NoNewPrivs)' /proc/$p/status; done"
    shown = served.host.run(["sh", "-c", look]).stdout.splitlines()
    uid = served.host.run(["id", "-u", "tiny"]).stdout.strip()
    assert len(shown) == 2 * 3
    for line in shown:
        name, *values = line.split(":", 1)[1].split()
        assert set(values) == {{"Uid:": uid, "CapEff:": "0000000000000000", "NoNewPrivs:": "1"}[name]}


def test_the_front_servers_private_key_is_roots_alone(served: Served) -> None:
    mode = int(served.host.run(["stat", "-c", "%a", "/etc/ssl/seawall/tiny.key"]).stdout, 8)
    assert stat.S_IMODE(mode) == 0o600


def test_the_app_answers_after_a_reboot_without_any_command(served: Served) -> None:
    served.host.stop()
    served.host.boot()
    eventually(lambda: visit(served.host).text == "version one", "the app after a reboot")


def test_the_app_answers_after_a_power_cut_without_any_command(served: Served) -> None:
    served.project.release("two")
    served.project.deploy()
    served.host.kill_power()
    served.host.boot()
    eventually(lambda: visit(served.host).text == "version two", "the app after a power cut")
    assert visit(served.host, "/env/TOKEN").text == SECRET
    assert served.project.seawall("plan", "--exit-code").code == 0
