"""`seawall up` under a person's own systemd: in a login session of theirs, on a machine with systemd and nginx."""

import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from .machine import Host
from .product import eventually

TOOL = "/opt/seawall"
PROJECT = "/home/deploy/My app"
#: What a login session has, through a module of PAM that Debian packs by itself (pam_systemd(8)).
SESSION = "[Service]\nEnvironment=XDG_RUNTIME_DIR=/run/user/%i\n"
APP = """\
from flask import Flask

app = Flask(__name__)


@app.get("/")
def index():
    return "version one"


@app.get("/health")
def health():
    return "ok"
"""
SETTINGS = """\
name = "tiny"
processes.worker = "sleep 100000"
process.manager = "systemd"
server.workers = 1

[app]
entry = "app:app"
"""
#: Asks for the page, and trusts whatever certificate there is.
ASK = (
    "import ssl, urllib.request as r; "
    'print(r.urlopen("https://localhost:8443/", context=ssl._create_unverified_context()).read().decode())'
)


@dataclass
class Desk:
    """A person's machine, and the person."""

    host: Host

    def does(self, line: str, *, check: bool = True) -> str:
        """A line of shell in the project's folder, in a session of the person's; all that it said."""
        session = f"export XDG_RUNTIME_DIR=/run/user/1000 PYTHONPATH={TOOL} NO_COLOR=1; cd '{PROJECT}'; {line}"
        done = self.host.run(["env", "--chdir=/", "runuser", "-u", "deploy", "--", "sh", "-c", session], check=check)
        return done.stdout + done.stderr

    def seawall(self, *args: str, check: bool = True) -> str:
        return self.does(f"python3 -m seawall.cli.main {' '.join(args)}", check=check)

    def page(self) -> str:
        return self.does(f"python3 -c '{ASK}'").strip()

    def units(self) -> list[str]:
        return self.does("ls $XDG_RUNTIME_DIR/systemd/user").split()

    def running(self) -> list[str]:
        listed = self.does("systemctl --user list-units --plain --no-legend --state=active 'seawall*'")
        return [line.split()[0] for line in listed.splitlines()]


@pytest.fixture(scope="module")
def tool(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tool as it is installed, to be carried to another machine of the same kind."""
    folder = tmp_path_factory.mktemp("tool")
    repository = Path(__file__).resolve().parents[2]
    install = ["uv", "pip", "install", "-q", "--python", "3.11", "--target", str(folder), str(repository)]
    subprocess.run(install, check=True)
    return folder


@pytest.fixture(scope="module")
def desk(module_host: Host, ssh_environment: Mapping[str, str], tool: Path) -> Desk:
    carry = (
        f"tar -C '{tool}' --mode=a+rX -cf - . | ssh root@{module_host.name} 'mkdir -p {TOOL} && tar -C {TOOL} -xf -'"
    )
    subprocess.run(["sh", "-c", carry], env=dict(ssh_environment), check=True)
    module_host.run(["mkdir", "-p", "/etc/systemd/system/user@.service.d"])
    module_host.write_file("/etc/systemd/system/user@.service.d/session.conf", SESSION)
    module_host.run(["install", "-d", "-o", "deploy", "-g", "deploy", PROJECT])
    for name, text in (("app.py", APP), ("requirements.txt", "flask\n"), ("seawall.toml", SETTINGS)):
        module_host.write_file(f"{PROJECT}/{name}", text)
    return Desk(module_host)


def test_without_a_session_the_remedy_is_supervisor(desk: Desk) -> None:
    said = desk.seawall("up", check=False)
    assert "no systemd runs for you on this machine" in said
    assert 'manager = "supervisor" in [environments.local.process]' in said


def test_up_under_systemd_is_a_deployment_like_any_other(desk: Desk) -> None:
    desk.host.run(["loginctl", "enable-linger", "deploy"])
    desk.host.run(["systemctl", "start", "user@1000"])
    assert "tiny v1 is up: https://localhost:8443" in desk.seawall("up")
    assert desk.page() == "version one"
    desk.host.run(["sed", "-i", "s/version one/version two/", f"{PROJECT}/app.py"])
    desk.seawall("up")
    assert desk.page() == "version two"
    expected = [
        "seawall-tiny.front.service",
        "seawall-tiny.worker@v2.service",
        "seawall-tiny@v2.service",
        "seawall-tiny@v2.socket",
    ]
    assert desk.units() == expected
    eventually(lambda: desk.running() == expected, "the end of the first release")
    assert "v2 is live, healthy" in desk.seawall("status", "-e", "local")
    assert "WSGI app 0" in desk.seawall("logs", "-e", "local")
    desk.seawall("verify", "-e", "local")


def test_rollback_goes_back_and_a_failing_release_takes_no_traffic(desk: Desk) -> None:
    desk.seawall("rollback", "-e", "local")
    assert desk.page() == "version one"
    desk.host.run(["sed", "-i", "s/Flask(__name__)/no_such_name/", f"{PROJECT}/app.py"])
    assert "no_such_name" in desk.seawall("up", check=False)
    desk.host.run(["sed", "-i", "s/no_such_name/Flask(__name__)/", f"{PROJECT}/app.py"])
    assert desk.page() == "version one"
    assert "seawall-tiny@v1.service" in desk.units()


def test_the_other_manager_is_refused_until_the_app_is_down(desk: Desk) -> None:
    desk.host.run(["sed", "-i", 's/"systemd"/"supervisor"/', f"{PROJECT}/seawall.toml"])
    assert "`seawall down` ends it, then `seawall up`" in " ".join(desk.seawall("up", check=False).split())
    assert desk.page() == "version one"


def test_down_leaves_nothing_outside_of_the_project(desk: Desk) -> None:
    assert "tiny is stopped" in desk.seawall("down")
    assert desk.units() == desk.running() == []
    assert desk.does("find ~ -newer app.py -type f -not -path '*/My app/*' -not -path '*/.cache/*'") == ""
