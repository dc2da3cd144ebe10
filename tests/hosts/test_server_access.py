"""Getting onto a server: root and sudo, ssh's own configuration, and every way to be turned away."""

import socket
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from .conftest import BootHost
from .image import ADMIN_PASSWORD
from .lab import Lab
from .machine import Host
from .product import Project, Result, tiny_project, visit

MakeProject = Callable[..., Project]
PROMPT = "sudo password on"


@dataclass
class Door:
    """A host with the app on it, and projects that go there by different ways."""

    host: Host
    lab: Lab
    project: Project

    def through(self, *hosts: str) -> Project:
        self.project.configure(hosts=list(hosts))
        return self.project


@pytest.fixture(scope="module")
def door(
    module_host: Host, lab: Lab, ssh_environment: Mapping[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Door:
    return Door(module_host, lab, tiny_project(tmp_path_factory.mktemp("door"), ssh_environment, module_host.name))


@pytest.fixture
def turned_away(door: Door, request: pytest.FixtureRequest) -> Iterator[Callable[[str], Result]]:
    """A deployment to a destination where it must fail: an error with a remedy, exit code 1, nothing changed."""
    before = what_is_there(door.host)

    def deploy(destination: str) -> Result:
        project = door.through(destination)
        project.release("of an intruder")
        refused = project.deploy(check=False)
        assert refused.code == 1, refused.said
        assert "error: " in refused.err
        assert "nothing was changed" in refused.err
        assert "  next: " in refused.err
        assert "Traceback" not in refused.err
        return refused

    yield deploy
    assert what_is_there(door.host) == before


def what_is_there(host: Host) -> str:
    looking = "ls -lR --time-style=full-iso /srv /etc/systemd/system /etc/nginx /etc/ssl/seawall 2>&1"
    return host.run(["sh", "-c", looking], check=False).stdout


def deploy_version(project: Project, word: str, host: Host) -> None:
    project.release(word)
    project.deploy()
    assert visit(host).text == f"version {word}"


def test_root_deploys(door: Door) -> None:
    deploy_version(door.through(f"root@{door.host.name}"), "by root", door.host)


def test_a_user_with_sudo_deploys_and_leaves_the_same(door: Door) -> None:
    project = door.through(f"deploy@{door.host.name}")
    assert project.seawall("plan", "--exit-code").code == 0
    deploy_version(project, "by deploy", door.host)
    assert door.through(f"root@{door.host.name}").seawall("plan", "--exit-code").code == 0


def test_a_user_whose_sudo_wants_a_password_is_asked_once(door: Door) -> None:
    project = door.through(f"admin@{door.host.name}")
    project.release("by admin")
    with project.on_a_terminal("deploy", "--yes") as terminal:
        terminal.wait_for(PROMPT)
        terminal.type(ADMIN_PASSWORD)
        assert terminal.finish() == 0, terminal.seen
    assert terminal.seen.count(PROMPT) == 1
    assert ADMIN_PASSWORD not in terminal.seen
    assert visit(door.host).text == "version by admin"


def test_a_wrong_password_is_said_to_be_wrong(door: Door) -> None:
    project = door.through(f"admin@{door.host.name}")
    with project.on_a_terminal("plan") as terminal:
        terminal.wait_for(PROMPT)
        terminal.type("a guess")
        assert terminal.finish() == 1
    assert "sudo did not accept the password" in terminal.seen
    assert "nothing was changed" in terminal.seen


def test_a_password_of_sudo_is_in_no_log_of_the_host(door: Door) -> None:
    assert "sudo" in door.host.run(["journalctl", "--no-pager"]).stdout
    assert ADMIN_PASSWORD not in door.host.run(["journalctl", "--no-pager"]).stdout


def test_without_a_terminal_nobody_is_asked_for_a_password(door: Door, turned_away: Callable[[str], Result]) -> None:
    refused = turned_away(f"admin@{door.host.name}")
    assert "no terminal" in refused.err


def test_a_user_who_may_not_use_sudo_is_told_so(door: Door) -> None:
    project = door.through(f"nobodyspecial@{door.host.name}")
    with project.on_a_terminal("plan") as terminal:
        terminal.wait_for(PROMPT)
        terminal.type("whatever")
        assert terminal.finish() == 1
    assert "sudo did not accept the password" in terminal.seen
    assert "nothing was changed" in terminal.seen


def test_a_user_who_knows_a_password_but_may_not_use_sudo_is_told_so(door: Door) -> None:
    door.host.run(["sh", "-c", f"echo 'nobodyspecial:{ADMIN_PASSWORD}' | chpasswd"])
    project = door.through(f"nobodyspecial@{door.host.name}")
    with project.on_a_terminal("plan") as terminal:
        terminal.wait_for(PROMPT)
        terminal.type(ADMIN_PASSWORD)
        assert terminal.finish() == 1
    assert "your user may not use sudo there" in terminal.seen


def test_run_works_for_a_user_with_sudo(door: Door) -> None:
    done = door.through(f"deploy@{door.host.name}").seawall("run", "--", "id", "-un")
    assert done.out == "tiny\n"


def test_an_alias_with_a_port_of_its_own_works(door: Door) -> None:
    door.host.write_file("/etc/ssh/sshd_config.d/port.conf", "Port 22\nPort 2222\n")
    door.host.run(["systemctl", "restart", "ssh"])
    door.lab.client.add_route("the-shop", door.host.name, door.host.address, 2222)
    deploy_version(door.through("the-shop"), "by an alias", door.host)


def test_an_address_with_user_and_port_works(door: Door) -> None:
    deploy_version(door.through(f"ssh://deploy@{door.host.name}:2222"), "by an address", door.host)


def test_a_jump_host_works(door: Door, boot_host: BootHost) -> None:
    jump, client = boot_host("jump"), door.lab.client
    (client.directory / "hosts.d" / "behind.conf").write_text(
        f"Host behind\n    HostName {door.host.address}\n    HostKeyAlias {door.host.name}\n    ProxyJump {jump.name}\n"
    )
    deploy_version(door.through("behind"), "by a jump", door.host)


def test_what_a_login_shell_prints_does_not_disturb(door: Door) -> None:
    noise = "echo 'Welcome to the shop!'; echo 'and mind the step' >&2\n"
    door.host.write_file("/root/.bashrc", noise)
    deploy_version(door.through(f"root@{door.host.name}"), "in spite of noise", door.host)
    door.host.run(["rm", "/root/.bashrc"])


def test_a_strict_umask_of_root_hides_nothing_from_app_and_front_server(door: Door) -> None:
    door.host.run(["sh", "-c", "echo 'session optional pam_umask.so umask=0077' >> /etc/pam.d/sshd"])
    assert door.host.ssh(["sh", "-c", "umask"]).stdout == "0077\n"
    project = door.through(f"root@{door.host.name}")
    project.write("static/deep/er/style.css", "body {}\n")
    project.write("requirements.txt", "flask\nitsdangerous>2\n")
    project.configure(static={"/static/": "static"})
    deploy_version(project, "under a strict umask", door.host)
    assert visit(door.host, "/static/deep/er/style.css").text == "body {}\n"


def test_a_refused_connection(door: Door, turned_away: Callable[[str], Result]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    door.lab.client.add_route("closed", door.host.name, "127.0.0.1", port)
    assert "nothing listens for ssh there" in turned_away("closed").err


def test_an_unknown_name(turned_away: Callable[[str], Result]) -> None:
    assert "its name is not known" in turned_away("root@no-such-host.invalid").err


def test_a_wrong_user(door: Door, turned_away: Callable[[str], Result]) -> None:
    assert "it refused the login" in turned_away(f"games@{door.host.name}").err


def test_a_host_key_that_was_never_seen(door: Door, turned_away: Callable[[str], Result]) -> None:
    door.lab.client.add_route("stranger", "stranger", door.host.address, 22)
    refused = turned_away("stranger")
    assert "this machine does not know its host key" in refused.err
    assert "ssh-keygen -R" not in refused.err


def test_a_host_key_that_has_changed(door: Door, turned_away: Callable[[str], Result]) -> None:
    known = door.lab.client.known_hosts
    before = known.read_text()
    other = door.lab.client.host_key("somebody-else").with_suffix(".pub").read_text().split()[:2]
    known.write_text(f"{door.host.name} {' '.join(other)}\n")
    try:
        refused = turned_away(f"root@{door.host.name}")
    finally:
        known.write_text(before)
    assert "its host key is not the one this machine knows" in refused.err
    assert f"ssh-keygen -R {door.host.name}" in refused.err


def test_a_host_without_python(boot_host: BootHost, ssh_environment: Mapping[str, str], tmp_path: Path) -> None:
    host = boot_host()
    host.run(["sh", "-c", "mv /usr/bin/python3 /usr/bin/hidden"])
    refused = tiny_project(tmp_path, ssh_environment, host.name).deploy(check=False)
    assert refused.code == 1
    assert "it has no python3" in refused.err
    assert "apt-get install python3" in refused.err
    assert not host.exists("/var/lib/seawall")


def test_a_host_without_sudo_for_a_user_who_is_not_root(
    boot_host: BootHost, ssh_environment: Mapping[str, str], tmp_path: Path
) -> None:
    host = boot_host()
    host.run(["mv", "/usr/bin/sudo", "/usr/bin/hidden"])
    refused = tiny_project(tmp_path, ssh_environment, f"deploy@{host.name}").deploy(check=False)
    assert refused.code == 1
    assert "no sudo" in refused.err


def test_after_all_that_the_next_deployment_works(door: Door) -> None:
    deploy_version(door.through(f"root@{door.host.name}"), "after all", door.host)
