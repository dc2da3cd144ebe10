"""supervisor keeps the app running on a server: the same releases, another manager, and from one to the other."""

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from seawall.traffic import TrafficPlan, TrafficProcess
from seawall.traffic.report import Report

from .commands import run
from .machine import Host
from .product import Project, Result, certificate_file, eventually, tiny_project, visit
from .test_server_rights import SECRET, watched_command_lines

FRAGMENTS = "/etc/supervisor/conf.d"
LOGS = "/var/log/supervisor/seawall-tiny"
PRELOAD = "/opt/preload.so"
#: What the kernel says of a process's rights (proc(5)).
STATUS = ("Uid", "Gid", "Groups", "CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb", "NoNewPrivs")


@dataclass
class Served:
    host: Host
    project: Project
    deployed: Result
    seen_running: frozenset[str]

    def sh(self, line: str) -> str:
        return self.host.run(["sh", "-c", line]).stdout

    def processes(self) -> list[int]:
        """The processes of the app's user."""
        return [int(pid) for pid in self.host.run(["pgrep", "-u", "tiny"], check=False).stdout.split()]

    def groups(self) -> list[str]:
        """The processes that supervisord has, with their states."""
        return re.findall(r"^\S+:(\S+)\s+(?=RUNNING)", self.host.run(["supervisorctl", "status"]).stdout, re.M)

    def fragments(self) -> list[str]:
        return self.sh(f"ls {FRAGMENTS}").split()

    def asked(self, release: str) -> str:
        """What a release answers on its own socket."""
        ask = (
            "import socket; s = socket.socket(socket.AF_UNIX); "
            f"s.connect('/run/seawall/tiny/{release}.sock'); "
            "s.sendall(b'GET / HTTP/1.0\\r\\nHost: tiny.example.com\\r\\n\\r\\n'); print(s.makefile().read())"
        )
        return self.host.run(["python3", "-c", ask], check=False).stdout

    def units(self) -> list[str]:
        return self.sh("ls /etc/systemd/system | grep seawall-tiny; true").split()

    def timers(self, release: str) -> list[str]:
        """The units that systemd has of a release that supervisor runs."""
        return [f"seawall-tiny.clean@{release}.service", f"seawall-tiny.clean@{release}.timer"]

    def visited(self, path: Path) -> TrafficProcess:
        """Two hundred visitors a second."""
        return TrafficProcess.start(
            TrafficPlan(
                "https://tiny.example.com/",
                rate=200,
                ca_file=str(certificate_file(self.host, path)),
                resolve_to=self.host.address,
                mark=r"version (\S+)",
                timeout=30,
            )
        )


def preloaded(host: Host, folder: Path) -> None:
    """Put the library where the app's variables name it, and the file that it writes."""
    made = folder / "preload.so"
    run(["gcc", "-shared", "-fPIC", "-o", str(made), str(Path(__file__).with_name("preload.c"))])
    host.run(["sh", "-c", f"base64 -d > {PRELOAD}"], stdin=base64.b64encode(made.read_bytes()).decode())
    host.run(["install", "-m", "666", "/dev/null", "/var/tmp/preloaded"])


@pytest.fixture(scope="module")
def served(module_host: Host, ssh_environment: Mapping[str, str], tmp_path_factory: pytest.TempPathFactory) -> Served:
    """An app whose first release supervisor runs, deployed while somebody watched every command line."""
    project = tiny_project(
        tmp_path_factory.mktemp("supervised"),
        ssh_environment,
        module_host.name,
        process={"manager": "supervisor"},
        server={"kind": "gunicorn", "threads": 4},  # whose releases are asked in HTTP, past the front server
        secrets=["TOKEN"],
        env={"LD_PRELOAD": PRELOAD},
        processes={"worker": {"command": "sleep 100000", "count": 2}},
        schedule={"clean": {"command": "true", "at": "daily"}},
        limits={"rate": "", "connections": 0},
    )
    preloaded(module_host, tmp_path_factory.mktemp("preload"))
    with watched_command_lines() as seen:
        project.seawall("secret", "set", "TOKEN", input=f"{SECRET}\n")
        deployed = project.deploy()
    return Served(module_host, project, deployed, frozenset(seen))


def test_the_app_its_processes_and_its_schedule_run(served: Served) -> None:
    """The schedule with systemd, which is said."""
    assert visit(served.host).text == "version one"
    assert served.groups() == [
        "seawall-tiny.worker@v1-1",
        "seawall-tiny.worker@v1-2",
        "seawall-tiny@v1-1",
        "seawall-tiny@v1-2",
    ]
    assert served.units() == ["seawall-tiny.clean@v1.service", "seawall-tiny.clean@v1.timer"]
    assert "the schedule stays with systemd: clean" in served.deployed.said
    status = served.project.seawall("status", "--json").json["hosts"][0]
    assert (status["health"], status["running"]) == ("healthy", ["v1"])
    assert [program["broken"] for program in status["programs"]] == [""] * 3
    assert served.project.seawall("plan", "--exit-code").code == 0


def test_what_was_sent_is_what_runs_and_an_edited_fragment_is_noticed(served: Served) -> None:
    assert served.project.seawall("verify").code == 0
    fragment = f"{FRAGMENTS}/seawall-tiny@v1.conf"
    served.sh(f"echo '; by hand' >> {fragment}")
    assert f"{fragment} was edited" in re.sub(r"\s+", " ", served.project.seawall("verify", check=False).said)
    served.sh(f"sed -i '$ d' {fragment}")


def test_every_process_runs_as_the_apps_user_with_nothing_of_roots_left(served: Served) -> None:
    pids = served.processes()
    uid, gid = served.sh("id -u tiny; id -g tiny").split()
    assert len(pids) == 2 + 1 + 2  # gunicorn and its worker, what holds the socket, two workers
    for pid in pids:
        said = dict(re.findall(r"^(\w+):\s*(.*?)\s*$", served.host.read_file(f"/proc/{pid}/status"), re.M))
        assert [said[name] for name in STATUS] == [
            "\t".join([uid] * 4),
            "\t".join([gid] * 4),
            gid,
            *("0" * 16,) * 5,
            "1",
        ]
        assert said["Umask"] == "0077"
        assert "/srv/tiny/releases/v1/env\n" not in served.sh(f"readlink /proc/{pid}/fd/*; true")
        assert re.search(r"Max core file size +0 +0", served.host.read_file(f"/proc/{pid}/limits"))


def test_no_variable_of_the_app_acts_on_a_process_of_root(served: Served) -> None:
    """The loader obeys LD_PRELOAD in every program that is started with it (ld.so(8))."""
    who = served.host.read_file("/var/tmp/preloaded").split()
    assert len(who) > 2
    assert set(who) == {served.sh("id -u tiny").strip()}


def test_the_secret_is_the_apps_and_nobody_elses(served: Served) -> None:
    host = served.host
    assert visit(host, "/env/TOKEN").text == SECRET
    assert [line for line in served.seen_running if SECRET in line] == []
    finding = "grep -rlsaF -f - --exclude-dir=proc --exclude-dir=sys /"
    assert host.run(["sh", "-c", finding], stdin=f"{SECRET}\n", check=False).stdout == "/srv/tiny/releases/v1/env\n"
    holding = host.run(["sh", "-c", "grep -lsaF -f - /proc/[0-9]*/environ"], stdin=f"{SECRET}\n", check=False).stdout
    assert len(holding.split()) == 4
    assert set(served.sh(f"stat -c '%U %a' {holding}".replace("\n", " ")).split("\n")) == {"tiny 400", ""}
    assert served.sh(f"stat -c '%a %U' {FRAGMENTS}/seawall-* | sort -u") == "600 root\n"
    assert SECRET not in served.sh("supervisorctl avail; supervisorctl status; cat /var/log/supervisor/*.log")


def test_the_socket_is_the_apps_and_the_front_servers_alone(served: Served) -> None:
    shown = served.sh("stat -c '%F %a %U:%G' /run/seawall/tiny/v1.sock")
    assert shown == "socket 660 tiny:www-data\n"


def test_logs_are_where_supervisors_users_look_and_no_other_users_to_read(served: Served) -> None:
    visit(served.host, "/say/pelican")
    eventually(lambda: "pelican" in served.project.seawall("logs", "web").out, "the word in the log")
    assert served.sh(f"grep -l pelican {LOGS}/*") == f"{LOGS}/seawall-tiny@v1-1.log\n"
    assert served.sh(f"stat -c '%a %U:%G' {LOGS}") == "750 root:adm\n"
    assert "pelican" not in served.project.seawall("logs", "worker").out


def test_a_release_that_dies_at_its_start_never_takes_traffic(served: Served) -> None:
    before = served.fragments()
    served.project.edit("app.py", "app = Flask(__name__)", "app = Flask(no_such_name)")
    failed = served.project.deploy(check=False)
    served.project.edit("app.py", "app = Flask(no_such_name)", "app = Flask(__name__)")
    assert failed.code == 1
    assert "no_such_name" in failed.said
    assert visit(served.host).text == "version one"
    assert served.fragments() == before


def test_a_file_of_somebody_else_that_supervisord_cannot_read_stops_a_deployment_and_nothing_more(
    served: Served,
) -> None:
    before = served.fragments()
    served.sh(f"echo '[program:other]' > {FRAGMENTS}/other.conf")
    served.project.release("never")
    failed = served.project.deploy(check=False)
    served.sh(f"rm {FRAGMENTS}/other.conf")
    assert failed.code == 1
    assert "supervisor could not start web" in failed.said
    assert "program:other" in failed.said
    assert visit(served.host).text == "version one"
    assert served.fragments() == before


def changed_managers(served: Served, path: Path) -> Report:
    """A redeployment, to systemd, on, back, back to supervisor and to TCP, on again, all under traffic."""
    project = served.project
    with served.visited(path) as traffic:
        project.release("two")
        project.deploy()
        supervised = project.live()
        project.release("three")
        project.configure(process={"manager": "systemd"})
        project.deploy()
        assert served.fragments() == []
        assert f"seawall-tiny@{project.live()}.service" in served.units()
        project.seawall("rollback")
        assert project.live() == supervised
        assert served.units() == served.timers(supervised)
        assert served.fragments() == [f"seawall-tiny.worker@{supervised}.conf", f"seawall-tiny@{supervised}.conf"]
        project.release("four")
        project.deploy()
        project.release("five")
        project.configure(process={"manager": "supervisor"}, server={"socket": "tcp"})
        project.deploy()
        project.seawall("restart")
        return traffic.stop()


def test_from_one_manager_to_the_other_and_back_no_request_is_lost(served: Served, tmp_path: Path) -> None:
    report = changed_managers(served, tmp_path)
    assert report.failed == 0, report.failures
    assert [mark.name for mark in report.marks] == ["one", "two", "three", "four", "five"]
    live = served.project.live()
    assert {group.partition("@")[2].partition("-")[0] for group in served.groups()} == {live}
    assert "STOPPED" not in served.sh("supervisorctl status")
    assert served.fragments() == [f"seawall-tiny.worker@{live}.conf", f"seawall-tiny@{live}.conf"]
    assert served.units() == served.timers(live)


def test_requests_wait_while_the_server_is_started_again_after_it_was_killed(served: Served, tmp_path: Path) -> None:
    """What the killed server had in hand may be lost, and no more: at most one request for each of its threads."""
    name = f"seawall-tiny@{served.project.live()}"
    with served.visited(tmp_path) as traffic:
        before = served.sh(f"supervisorctl pid {name}:{name}-1")
        served.sh(f"kill -9 {before}")
        eventually(lambda: served.sh(f"supervisorctl pid {name}:{name}-1") not in (before, "0\n"), "the next server")
        eventually(lambda: visit(served.host).text == "version five", "its answer")
        report = traffic.stop()
    assert report.failed <= 4, report.failures


def test_after_a_reboot_the_app_is_there_and_so_is_a_release_that_was_to_take_over(served: Served) -> None:
    """A power cut between `started` and `drained` leaves the fragments of both; the sockets' folder is gone with it."""
    old = served.sh("ls /srv/tiny/releases | sort -V | head -1").strip()
    served.host.run(["sh", "-c", f"cp /srv/tiny/releases/{old}/units/seawall-tiny@{old}.conf {FRAGMENTS}"])
    served.host.stop()
    served.host.boot()
    eventually(lambda: visit(served.host).text == "version five", "the app after a reboot")
    eventually(lambda: "version two" in served.asked(old), f"the release {old}")
    served.project.release("six")
    served.project.deploy()
    assert f"seawall-tiny@{old}.conf" not in served.fragments()


def test_when_supervisord_dies_its_programs_come_back_with_it(served: Served) -> None:
    served.sh("kill -9 $(cat /run/supervisord.pid)")
    eventually(lambda: visit(served.host).text == "version six", "the app after supervisord")
    assert len(served.processes()) == 5


def test_a_destroyed_app_leaves_nothing_with_either_manager(served: Served) -> None:
    served.project.seawall("destroy", "--yes", "tiny", "--with-data")
    assert served.fragments() == served.units() == served.processes() == []
    left = served.sh("find /etc /run /srv /var -xdev -name '*tiny*'").split()
    assert [path for path in left if not path.startswith("/var/log/nginx/")] == []
    assert served.sh("systemctl is-enabled supervisor") == "enabled\n"
