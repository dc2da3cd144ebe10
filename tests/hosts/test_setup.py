"""`seawall server setup` and `audit` on real servers: from fresh to a good home, and back to it after hand edits."""

import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from .commands import run
from .conftest import BootHost
from .machine import Host
from .network import has_ipv6
from .product import empty_project, eventually
from .servers import SETUP_PACKAGES, Server, answers, listening

OURS = "/etc/ssh/sshd_config.d/00-seawall.conf"
PASSWORD = "a password that would do"


@pytest.fixture(scope="module")
def server(
    boot_module_host: BootHost, ssh_environment: Mapping[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Server:
    """Fresh, and then set up once for all tests of this module."""
    host = boot_module_host(packages=SETUP_PACKAGES)
    host.run(["chpasswd"], stdin="".join(f"{user}:{PASSWORD}\n" for user in ("deploy", "root")))
    made = Server(host, empty_project(tmp_path_factory.mktemp("server"), ssh_environment))
    done = made.setup()
    made.said = done.err + done.out
    host.save("set up")
    return made


@pytest.fixture
def spoiled(server: Server) -> Iterator[Server]:
    """The server, for a test that spoils it."""
    yield server
    server.host.restore("set up")


def test_a_set_up_says_how_to_log_in_from_now_on(server: Server) -> None:
    assert f"log in with `ssh deploy@{server.host.name}`" in server.said
    assert f'hosts = ["deploy@{server.host.name}"]' in server.said
    assert "root can no longer log in over ssh" in server.said


def test_a_second_set_up_has_nothing_to_do(server: Server) -> None:
    again = server.setup(user="deploy")
    assert "Nothing to do" in again.err
    assert again.out == ""


def test_an_audit_of_what_was_set_up_is_clean(server: Server) -> None:
    clean = server.audit("--exit-code")
    assert clean.out == f"Nothing to do: deploy@{server.host.name} is as it should be.\n"
    assert server.audit("--json").json["empty"] is True


def test_no_timer_is_left_once_a_new_connection_has_confirmed(server: Server) -> None:
    assert "seawall-confirm" not in server.host.run(["systemctl", "list-unit-files", "--no-pager"]).stdout
    assert not server.host.exists("/var/lib/seawall/host/pending.json")


def test_the_key_lets_deploy_in_and_sudo_asks_for_no_password(server: Server) -> None:
    assert server.ssh("deploy", command="sudo -n id -un") == (0, "root\n")


def test_root_is_refused(server: Server) -> None:
    code, said = server.ssh("root")
    assert code == 255
    assert "Permission denied (publickey)" in said


@pytest.mark.parametrize("login", ["deploy", "root", "admin"])
def test_passwords_are_not_even_asked_for(server: Server, login: str) -> None:
    options = ["-o", "PubkeyAuthentication=no", "-o", "PreferredAuthentications=password,keyboard-interactive"]
    code, said = server.ssh(login, *options)
    assert code == 255
    assert "Permission denied (publickey)" in said


@pytest.mark.parametrize("family", ["IPv4", "IPv6"])
def test_ssh_and_the_web_are_open_and_nothing_else_is(server: Server, family: str) -> None:
    if family == "IPv6" and not has_ipv6():
        assert "no IPv6" in server.said
        return
    address = server.host.address if family == "IPv4" else server.host.address6
    with listening(server.host, 80, 443, 8080, 5432):
        assert [port for port in (22, 80, 443, 8080, 5432) if answers(address, port)] == [22, 80, 443]


def test_who_keeps_failing_at_ssh_is_banned_and_who_set_the_server_up_is_not(spoiled: Server) -> None:
    bridge = spoiled.host.link.network
    stranger = f"{bridge.prefix}.250"
    run(["ip", "address", "add", f"{stranger}/32", "dev", bridge.bridge])
    banned = ["fail2ban-client", "get", "sshd", "banip"]
    try:
        for number in range(6):
            spoiled.ssh(f"nobody{number}")
            spoiled.ssh(f"nobody{number}", "-b", stranger)
        eventually(lambda: stranger in spoiled.host.run(banned).stdout, "the stranger is banned", within=20)
        # fail2ban lists an address before the firewall knows of it.
        eventually(
            lambda: "Connection refused" in spoiled.ssh("deploy", "-b", stranger)[1],
            "the stranger is refused",
            within=20,
        )
    finally:
        run(["ip", "address", "delete", f"{stranger}/32", "dev", bridge.bridge])
    assert spoiled.host.run(banned).stdout.split() == [stranger]
    assert spoiled.ssh("deploy") == (0, "deploy\n")


def test_updates_of_security_are_automatic_and_the_journal_is_bounded(server: Server) -> None:
    periodic = server.host.run(["apt-config", "dump", "APT::Periodic"]).stdout
    assert 'APT::Periodic::Unattended-Upgrade "1";' in periodic
    assert 'APT::Periodic::Update-Package-Lists "1";' in periodic
    assert server.host.run(["systemctl", "is-enabled", "apt-daily-upgrade.timer"]).stdout == "enabled\n"
    assert "SystemMaxUse=1G" in server.host.run(["systemd-analyze", "cat-config", "systemd/journald.conf"]).stdout


def test_what_the_kernel_lets_be_set_is_set(server: Server) -> None:
    assert server.host.read_file("/proc/sys/net/ipv4/conf/all/send_redirects") == "0\n"
    assert server.host.run(["systemctl", "--failed", "--no-legend"]).stdout == ""


def test_hand_edits_show_and_fix_puts_them_right(spoiled: Server) -> None:
    host = spoiled.host
    host.run(["sh", "-c", f"sed -i 's/^X11Forwarding no/X11Forwarding yes/' {OURS}"])
    host.run(["ufw", "allow", "5432/tcp", "comment", "my database"])
    host.run(["ufw", "route", "allow", "proto", "tcp", "to", "any", "port", "25"])
    host.run(["ufw", "delete", "allow", "22/tcp"])
    host.run(["ufw", "allow", "22/tcp", "comment", "a comment is no difference"])
    host.run(["ufw", "delete", "allow", "80/tcp"])
    host.run(["systemctl", "disable", "--now", "fail2ban"])
    host.run(["rm", "/etc/sudoers.d/90-seawall"])
    audited = spoiled.audit("--exit-code", check=False)
    assert audited.code == 3
    assert spoiled.drift() == [
        "unit fail2ban.service",
        "file /etc/sudoers.d/90-seawall",
        f"file {OURS}",
        "firewall ufw",
        "service ssh",
    ]
    assert "- allow 5432/tcp" in audited.out
    assert "+ allow 80/tcp" in audited.out
    assert "allow 22/tcp" not in audited.out
    fixed = spoiled.audit("--fix", "--yes")
    assert f"deploy@{host.name} gets in; the changes stay" in fixed.err
    assert spoiled.drift() == []
    rules = host.run(["ufw", "show", "added"]).stdout
    assert "5432" not in rules
    assert "route" not in rules


def test_a_file_that_lets_passwords_in_before_ours_is_named(spoiled: Server) -> None:
    spoiled.host.write_file("/etc/ssh/sshd_config.d/00-a.conf", "PasswordAuthentication yes\n")
    audited = spoiled.audit("--exit-code", check=False)
    assert audited.code == 3
    assert "wrong: passwords let people in: /etc/ssh/sshd_config.d/00-a.conf:1 says" in audited.out
    assert len(spoiled.audit("--json").json["findings"]) == 1


def test_a_firewall_that_was_switched_off_shows(spoiled: Server) -> None:
    spoiled.host.run(["ufw", "disable"])
    assert spoiled.drift() == ["firewall ufw"]


def test_a_key_that_was_taken_away_does_not_come_back(spoiled: Server) -> None:
    keys = "/home/deploy/.ssh/authorized_keys"
    other = spoiled.host.client.host_key("somebody-else").with_suffix(".pub").read_text()
    spoiled.host.run(["sh", "-c", f"echo {shlex.quote(other)} >> /root/.ssh/authorized_keys"])
    before = spoiled.host.read_file(keys)
    assert spoiled.drift() == []
    assert spoiled.host.read_file(keys) == before


def test_another_port_is_opened_on_request_and_stays_open(spoiled: Server) -> None:
    spoiled.setup("--allow", "8080", user="deploy")
    assert spoiled.drift() == []
    with listening(spoiled.host, 8080):
        assert answers(spoiled.host.address, 8080)


def test_after_a_reboot_the_firewall_is_up_and_deploy_gets_in(spoiled: Server) -> None:
    spoiled.host.reboot()
    assert spoiled.ssh("deploy") == (0, "deploy\n")
    with listening(spoiled.host, 8080):
        assert not answers(spoiled.host.address, 8080)
    assert spoiled.drift() == []


def test_an_audit_of_a_server_that_was_never_set_up_says_so(
    host: Host, ssh_environment: Mapping[str, str], tmp_path: Path
) -> None:
    """A server with nothing on it: the audit shows all, a fix is refused, and a set-up installs what is missing."""
    fresh = Server(host, empty_project(tmp_path, ssh_environment))
    shown = fresh.audit("--exit-code", check=False)
    assert shown.code == 3
    assert "it was never set up" in shown.out
    assert "+ package ufw" in shown.out
    assert fresh.audit("--fix", "--yes", check=False).code == 2
    fresh.setup()
    assert fresh.drift() == []
