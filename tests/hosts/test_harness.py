"""The test hosts themselves: what the other host tests rely on, seen to be true."""

import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from bench.proxy import delayed

from . import needs
from .cgroup import Cgroup
from .commands import HostError
from .conftest import BootHost
from .image import ADMIN_PASSWORD, apt_sources
from .lab import Lab, open_lab
from .machine import Host
from .network import Network, has_ipv6

ROOT = Path(__file__).resolve().parents[2]
SUITES = ("bookworm", "trixie")
VENV_PIP = "/root/venv/bin/pip"


@pytest.mark.parametrize("suite", SUITES)
def test_a_host_boots_with_every_unit_started_and_root_reaches_it(boot_host: BootHost, suite: str) -> None:
    host = boot_host(suite=suite)
    assert host.ssh(["systemctl", "is-system-running"], check=False).stdout == "running\n"
    assert f"VERSION_CODENAME={suite}\n" in host.ssh(["cat", "/etc/os-release"]).stdout
    assert host.ssh(["id", "-un"]).stdout == "root\n"


def test_each_user_may_do_what_its_name_says(host: Host) -> None:
    assert host.ssh(["sudo", "-n", "id", "-un"], user="deploy").stdout == "root\n"
    assert host.ssh(["sudo", "-n", "true"], user="admin", check=False).returncode != 0
    asked = host.ssh(["sudo", "-S", "id", "-un"], user="admin", stdin=f"{ADMIN_PASSWORD}\n")
    assert asked.stdout == "root\n"
    refused = host.ssh(["sudo", "-S", "true"], user="nobodyspecial", stdin="whatever\n" * 3, check=False)
    assert refused.returncode != 0


def test_plain_ssh_knows_the_hosts_and_checks_their_keys(host: Host, ssh_environment: dict[str, str]) -> None:
    def ssh(target: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["ssh", target, "uname", "-n"], env=ssh_environment, check=False, capture_output=True, text=True
        )

    assert ssh(f"deploy@{host.name}").stdout == f"{host.name}\n"
    assert ssh(f"deploy@{host.address}").stdout == f"{host.name}\n"
    host.run(["sh", "-c", "rm /etc/ssh/ssh_host_* && ssh-keygen -A && systemctl restart ssh"])
    stranger = ssh(host.name)
    assert stranger.returncode == 255
    assert "Host key verification failed" in stranger.stderr


@pytest.mark.skipif(not has_ipv6(), reason="this machine has no IPv6")
def test_a_host_is_reached_by_ipv6_too(host: Host) -> None:
    with socket.create_connection((host.address6, 22), timeout=10) as connection:
        assert connection.recv(4) == b"SSH-"


@pytest.mark.parametrize("suite", SUITES)
def test_a_host_installs_packages_from_the_archive(boot_host: BootHost, suite: str) -> None:
    host = boot_host(suite=suite)
    host.ssh(["sh", "-c", "apt-get update -qq && apt-get install -y -qq tree"])
    assert host.ssh(["tree", "--version"]).stdout.startswith("tree v")


def test_a_host_installs_python_packages_from_the_index_with_pip_and_uv(warm_host: Host) -> None:
    warm_host.ssh(["python3", "-m", "venv", "/root/venv"])
    warm_host.ssh([VENV_PIP, "install", "-q", "uv"])
    warm_host.ssh(["/root/venv/bin/uv", "pip", "install", "-q", "--python", "/root/venv", "itsdangerous"])
    assert "itsdangerous" in warm_host.ssh([VENV_PIP, "list"]).stdout


def test_a_warm_host_has_what_a_first_deployment_installs(warm_host: Host) -> None:
    assert warm_host.run(["systemctl", "is-active", "nginx"]).stdout == "active\n"
    warm_host.run(["python3", "-c", "import ensurepip"])


def test_two_hosts_reach_each_other(boot_host: BootHost) -> None:
    one, two = boot_host(), boot_host()
    listen = "import socket; s = socket.create_server(('', 7000)); s.accept()[0].sendall(b'hello from two')"
    two.run(["systemd-run", "--quiet", "--unit=greeter", "python3", "-c", listen])
    ask = f"import socket; print(socket.create_connection(('{two.address}', 7000), 5).recv(99).decode())"
    _eventually(lambda: one.run(["python3", "-c", ask], check=False).stdout == "hello from two\n")


def test_services_of_one_name_on_two_hosts_do_not_disturb_one_another(boot_host: BootHost) -> None:
    one, two = boot_host(), boot_host()
    for each in (one, two):
        each.run(["systemd-run", "--quiet", "--unit=namesake", "sleep", "1000"])
    one.run(["systemctl", "stop", "namesake"])
    assert one.run(["systemctl", "is-active", "namesake"], check=False).stdout == "inactive\n"
    assert two.run(["systemctl", "is-active", "namesake"]).stdout == "active\n"


def test_a_power_cut_keeps_what_was_synced_and_loses_what_was_not(host: Host) -> None:
    write = "import os; f = open('/srv/synced', 'w'); f.write('kept'); f.flush(); os.fsync(f.fileno())"
    host.run(["python3", "-c", f"{write}; d = os.open('/srv', os.O_RDONLY); os.fsync(d)"])
    host.run(["sh", "-c", "echo lost >/srv/unsynced"])
    host.kill_power()
    host.boot()
    assert host.read_file("/srv/synced") == "kept"
    assert not host.exists("/srv/unsynced") or host.read_file("/srv/unsynced") == ""


def test_a_shutdown_in_good_order_loses_nothing(host: Host) -> None:
    host.write_file("/srv/written", "kept")
    host.stop()
    with pytest.raises(HostError, match="is not running"):
        host.run(["true"])
    host.boot()
    assert host.read_file("/srv/written") == "kept"
    assert host.ssh(["true"]).returncode == 0


def test_reset_gives_a_fresh_host_under_the_same_name_and_key(host: Host) -> None:
    host.write_file("/srv/leftover", "x")
    host.reset()
    assert not host.exists("/srv/leftover")
    assert host.ssh(["uname", "-n"]).stdout == f"{host.name}\n"


def test_a_saved_disk_comes_back_as_it_was(host: Host) -> None:
    host.write_file("/srv/state", "before")
    host.save("before")
    host.write_file("/srv/state", "after")
    host.restore("before")
    assert host.read_file("/srv/state") == "before"


def test_a_small_file_system_fills_up(host: Host) -> None:
    host.mount_tmpfs("/srv/small", "1m")
    full = host.ssh(["dd", "if=/dev/zero", "of=/srv/small/file", "bs=1M", "count=2"], check=False)
    assert "No space left on device" in full.stderr
    host.unmount("/srv/small")
    assert not host.exists("/srv/small/file")


def test_a_host_behind_the_proxy_is_far_and_still_itself(host: Host, lab: Lab) -> None:
    with delayed(host.address, 22, 0.05) as port:
        lab.client.add_route("far", host.name, "127.0.0.1", port)
        begun = time.monotonic()
        far = subprocess.run(
            ["ssh", "-F", str(host.ssh_config), "far", "uname", "-n"], check=True, capture_output=True, text=True
        )
        took = time.monotonic() - begun
    assert far.stdout == f"{host.name}\n"
    assert took > 4 * 0.05


@pytest.mark.hosts
def test_nothing_of_a_lab_is_left_when_it_ends_and_two_labs_do_not_meet(lab: Lab) -> None:
    with open_lab() as other:
        host = other.boot()
        assert other.slot != lab.slot
        assert host.name in host.ssh(["uname", "-n"]).stdout
        directory, namespace, group = other.directory, host.link.namespace, host.cgroup.paths[0]
        assert directory.is_dir()
        assert group.is_dir()
    assert not directory.exists()
    assert not (Path("/run/netns") / namespace).exists()
    assert not (Path("/sys/class/net") / other.network.bridge).exists()
    assert not group.exists()
    assert str(directory) not in Path("/proc/self/mounts").read_text()


@pytest.mark.hosts
def test_what_a_killed_session_left_is_gone_when_the_next_one_starts() -> None:
    script = (
        "from tests.hosts.lab import open_lab\nwith open_lab() as lab: print(lab.boot().address, flush=True), input()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as session:
        assert session.stdout is not None
        slot = int(session.stdout.readline().split(".")[2])
        session.kill()
    left = [Cgroup(str(slot)).paths[0], Path(f"/sys/class/net/{Network(slot).bridge}")]
    assert all(path.exists() for path in left)
    with open_lab():
        pass
    assert not any(path.exists() for path in left)
    assert f"sessions/{slot}/" not in Path("/proc/self/mounts").read_text()


def test_a_missing_need_skips_the_test_with_its_reason() -> None:
    with pytest.raises(pytest.skip.Exception, match="test hosts need root"):
        needs.enforce("test hosts need root", {})


def test_under_ci_a_missing_need_is_a_failure() -> None:
    with pytest.raises(pytest.fail.Exception, match="test hosts need root"):
        needs.enforce("test hosts need root", {"CI": "true"})


def test_nothing_missing_lets_the_test_run_under_ci_too() -> None:
    needs.enforce(None, {"CI": "true"})


def test_without_root_the_reason_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    assert needs.missing() == "test hosts need root"


def test_a_missing_program_is_named_with_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 0)
    monkeypatch.setenv("PATH", "/nonexistent")
    assert needs.missing() == "test hosts need mmdebstrap: run tools/install-test-tools"


def test_the_archive_of_the_machine_is_the_archive_of_every_suite() -> None:
    bookworm, trixie = apt_sources("bookworm"), apt_sources("trixie")
    assert trixie == bookworm.replace("bookworm", "trixie")


def _eventually(holds: Callable[[], bool], within: float = 10.0) -> None:
    deadline = time.monotonic() + within
    while not holds():
        assert time.monotonic() < deadline, "it never became true"
        time.sleep(0.05)
