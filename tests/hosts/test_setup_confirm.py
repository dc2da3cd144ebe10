"""A set-up locks nobody out: what no new connection confirms, the host takes back by itself."""

import os
import signal
import subprocess
from collections.abc import Callable, Iterator, Mapping

import pytest

from .conftest import BootHost
from .lab import Lab
from .machine import Host
from .product import Result, eventually
from .servers import SETUP_PACKAGES, Server, never_set_up

SHORT = ("--confirm-within", "15")
PENDING = "/var/lib/seawall/host/pending.json"
#: What decides who gets in.
GUARDED = ("/etc/ssh", "/etc/sudoers.d", "/etc/ufw", "/etc/default/ufw", "/home/deploy/.ssh", "/etc/systemd/system")


@pytest.fixture(scope="module")
def shared(
    boot_module_host: BootHost, ssh_environment: Mapping[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Server:
    return never_set_up(boot_module_host(packages=SETUP_PACKAGES), tmp_path_factory.mktemp("server"), ssh_environment)


@pytest.fixture
def fresh(shared: Server, lab: Lab) -> Iterator[Server]:
    """A server that was never set up."""
    yield shared
    (lab.client.directory / "hosts.d" / "0-blocked.conf").unlink(missing_ok=True)
    shared.host.restore("fresh")


@pytest.fixture
def nobody_answers(fresh: Server, lab: Lab) -> Callable[[], None]:
    """From the call on, new connections as deploy hang on the way; those as root do not."""

    def block() -> None:
        (lab.client.directory / "hosts.d" / "0-blocked.conf").write_text(
            f"Match originalhost {fresh.host.name} user deploy\n    ProxyCommand sleep 600\nMatch all\n"
        )

    return block


def guarded(host: Host) -> str:
    """All that decides who gets in, byte for byte, and whether the firewall is on."""
    look = 'find "$@" -type f -exec sha256sum {} + | sort -k 2; ufw status; sshd -T | sort; getent group sudo'
    return host.run(["sh", "-c", look, "sh", *GUARDED], check=False).stdout


def test_a_firewall_that_shuts_the_caller_out_is_taken_back_and_without_the_cause_the_set_up_succeeds(
    fresh: Server,
) -> None:
    """An old rule of ufw, off until now, refuses the caller's own network."""
    rule = ["deny", "from", f"{fresh.host.link.network.prefix}.0/24"]
    fresh.host.run(["ufw", *rule])
    before = guarded(fresh.host)
    refused = fresh.setup(*SHORT, check=False)
    assert_taken_back(refused, fresh)
    assert guarded(fresh.host) == before
    fresh.host.run(["ufw", "delete", *rule])
    fresh.setup()
    assert fresh.drift() == []


def test_an_sshd_that_lets_the_new_login_do_nothing_is_taken_back(fresh: Server) -> None:
    match = "Match User deploy\n    ForceCommand /bin/false\n"
    fresh.host.write_file("/etc/ssh/sshd_config.d/50-match.conf", match)
    before = guarded(fresh.host)
    refused = fresh.setup(*SHORT, check=False)
    assert_taken_back(refused, fresh)
    assert "/etc/ssh/sshd_config.d/50-match.conf:1 (Match User deploy)" in refused.err
    assert guarded(fresh.host) == before


def test_a_change_that_sshd_refuses_is_taken_back_at_once(fresh: Server) -> None:
    fresh.host.write_file("/etc/sudoers.d/broken", "this is no rule\n", mode="440")
    before = guarded(fresh.host)
    refused = fresh.setup(check=False)
    assert refused.code == 1
    assert "sudo refused the new configuration" in refused.err
    assert guarded(fresh.host) == before
    assert not fresh.host.exists(PENDING)


def test_when_tool_and_agent_are_killed_the_host_takes_its_changes_back(
    fresh: Server, nobody_answers: Callable[[], None]
) -> None:
    before = guarded(fresh.host)
    nobody_answers()
    begun = waiting(fresh)
    kill(begun)
    fresh.host.run(["pkill", "-KILL", "-f", "/var/lib/seawall/agent"], check=False)
    eventually(lambda: guarded(fresh.host) == before, "the host takes its changes back", within=60)
    assert not fresh.host.exists(PENDING)
    assert fresh.ssh("root") == (0, "root\n")


def test_a_power_cut_within_the_minute_boots_into_what_was_before(
    fresh: Server, nobody_answers: Callable[[], None]
) -> None:
    before = guarded(fresh.host)
    nobody_answers()
    begun = waiting(fresh, "--confirm-within", "600")
    fresh.host.kill_power()
    kill(begun)
    fresh.host.boot()
    assert not fresh.host.exists(PENDING)
    assert guarded(fresh.host) == before
    assert fresh.ssh("root") == (0, "root\n")


def test_while_changes_wait_another_set_up_is_refused(fresh: Server, nobody_answers: Callable[[], None]) -> None:
    nobody_answers()
    keys = "/home/deploy/.ssh/authorized_keys"
    begun = waiting(fresh, "--confirm-within", "600")
    kill(begun)
    fresh.host.run(
        ["sh", "-c", f"cp {keys} /home/admin/.ssh/authorized_keys; echo admin ALL=NOPASSWD:ALL >/etc/sudoers.d/a"]
    )
    refused = fresh.setup(user="admin", check=False)
    assert refused.code == 1
    assert "wait for a confirmation" in refused.err


def assert_taken_back(refused: Result, server: Server) -> None:
    assert refused.code == 1, refused.said
    assert f"root@{server.host.name} takes its changes back within" in refused.err
    assert "logins, sshd and firewall are as they were" in refused.err
    assert not server.host.exists(PENDING)
    assert server.ssh("root") == (0, "root\n")


def waiting(server: Server, *args: str) -> subprocess.Popen[str]:
    """Begin a set-up; it is at work still, its changes are made, and wait."""
    options = args or SHORT
    begun = server.person.start("server", "setup", f"root@{server.host.name}", "--yes", *options)
    eventually(lambda: server.ssh("root")[0] == 255, "root is refused", within=90)
    return begun


def kill(begun: subprocess.Popen[str]) -> None:
    """End the tool, and the ssh it has started, as nobody can catch it."""
    os.killpg(begun.pid, signal.SIGKILL)
    begun.communicate()
