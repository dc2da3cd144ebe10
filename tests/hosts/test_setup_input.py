"""Servers that are not as one would wish: other ports, other firewalls, no key. A clear word, and nobody locked out."""

from collections.abc import Iterator, Mapping

import pytest

from .conftest import BootHost
from .lab import Lab
from .servers import SETUP_PACKAGES, Server, answers, listening, never_set_up

KEYS = "/root/.ssh/authorized_keys"
#: A table of an administrator's own.
MINE = """table inet mine {
    chain in {
        type filter hook input priority 0; policy accept;
        tcp dport 23 drop
    }
}
"""


@pytest.fixture(scope="module")
def shared(
    boot_module_host: BootHost, ssh_environment: Mapping[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Server:
    return never_set_up(boot_module_host(packages=SETUP_PACKAGES), tmp_path_factory.mktemp("server"), ssh_environment)


@pytest.fixture
def fresh(shared: Server) -> Iterator[Server]:
    """A server that was never set up."""
    yield shared
    shared.host.restore("fresh")


@pytest.fixture
def refuses(shared: Server) -> Iterator[Server]:
    """A server whose set-up must be refused, with nothing changed; what the test spoilt is spoilt still."""
    yield shared
    looked = shared.host.run(["ls", "/var/lib/seawall"]).stdout.split()
    assert looked == ["agent"], looked
    shared.host.restore("fresh")


def refused(server: Server, *args: str, user: str = "root") -> str:
    result = server.setup(*args, user=user, check=False)
    assert result.code in (1, 2), result.said
    assert "nothing was changed" in result.err
    assert "Traceback" not in result.err
    return result.err


def test_sshs_own_port_is_the_one_that_stays_open(fresh: Server, lab: Lab) -> None:
    fresh.host.write_file("/etc/ssh/sshd_config.d/port.conf", "Port 2222\n")
    fresh.host.run(["systemctl", "restart", "ssh"])
    lab.client.add_route("moved", fresh.host.name, fresh.host.address, 2222)
    done = fresh.person.seawall("server", "setup", "root@moved", "--yes")
    assert "deploy@moved gets in" in done.err
    with listening(fresh.host, 22):
        assert not answers(fresh.host.address, 22)
    assert answers(fresh.host.address, 2222)
    assert "port = 2222\n" in fresh.host.read_file("/etc/fail2ban/jail.d/seawall.local")
    assert fresh.person.seawall("server", "audit", "deploy@moved", "--exit-code").code == 0


def test_where_systemd_listens_for_sshd_its_port_stays_open_too(fresh: Server) -> None:
    fresh.host.run(["systemctl", "disable", "--now", "ssh.service"])
    fresh.host.run(["systemctl", "enable", "--now", "ssh.socket"])
    fresh.setup()
    assert fresh.ssh("root")[0] == 255
    assert fresh.drift() == []


def test_a_configuration_that_does_not_include_others_is_made_to(fresh: Server) -> None:
    fresh.host.run(["sed", "-i", "/^Include/d", "/etc/ssh/sshd_config"])
    fresh.setup()
    assert fresh.ssh("root")[0] == 255
    assert fresh.host.read_file("/etc/ssh/sshd_config").startswith("Include /etc/ssh/sshd_config.d/*.conf\n")
    assert fresh.drift() == []


def test_rules_that_ufw_has_already_stay(fresh: Server) -> None:
    fresh.host.run(["ufw", "allow", "51820/udp"])
    fresh.host.run(["ufw", "limit", "22/tcp"])
    fresh.setup()
    assert fresh.drift() == []
    rules = fresh.host.run(["ufw", "show", "added"]).stdout
    assert "ufw allow 51820/udp" in rules
    assert "ufw limit 22/tcp" in rules
    assert "ufw allow 22/tcp" not in rules


def test_a_table_of_nftables_that_refuses_packets_is_left_alone(refuses: Server) -> None:
    refuses.host.run(["nft", "-f", "-"], stdin=MINE)
    said = refused(refuses)
    assert "a firewall that is not ufw: nftables' table inet mine, chain in" in said
    assert "--no-firewall" in said
    assert "tcp dport 23 drop" in refuses.host.run(["nft", "list", "ruleset"]).stdout


def test_firewalld_is_left_alone(refuses: Server) -> None:
    unit = "[Service]\nExecStart=/bin/sleep infinity\n"
    refuses.host.write_file("/etc/systemd/system/firewalld.service", unit)
    refuses.host.run(["systemctl", "start", "firewalld"])
    assert "firewalld, which is running" in refused(refuses)


def test_without_the_firewall_all_else_is_set_up(fresh: Server) -> None:
    fresh.host.run(["nft", "-f", "-"], stdin=MINE)
    done = fresh.setup("--no-firewall")
    assert "the firewall is left alone" in done.err
    assert fresh.drift() == []
    assert fresh.host.run(["ufw", "status"]).stdout == "Status: inactive\n"


def test_without_any_key_passwords_are_not_closed(refuses: Server) -> None:
    """The caller gets in by a key that no authorized_keys holds."""
    refuses.host.run(
        ["sh", "-c", f"mv {KEYS} /etc/ssh/elsewhere; chmod 644 /etc/ssh/elsewhere; rm -f /home/deploy/.ssh/*"]
    )
    command = "AuthorizedKeysCommand /bin/cat /etc/ssh/elsewhere\nAuthorizedKeysCommandUser nobody\n"
    refuses.host.write_file("/etc/ssh/sshd_config.d/keys.conf", command)
    refuses.host.run(["systemctl", "reload", "ssh"])
    said = refused(refuses)
    assert "there is no key to let deploy in with" in said
    assert "--key" in said


def test_a_key_at_this_end_will_do(fresh: Server) -> None:
    fresh.setup("--user", "ops", "--key", str(fresh.host.client.key.with_suffix(".pub")))
    assert fresh.ssh("ops", command="sudo -n id -un") == (0, "root\n")


def test_a_private_key_is_refused(refuses: Server) -> None:
    result = refuses.setup("--key", str(refuses.host.client.key), check=False)
    assert result.code == 2
    assert "the private half of a key" in result.err
    refuses.person.seawall("server", "audit", f"root@{refuses.host.name}")


@pytest.mark.parametrize(
    ("path", "text", "words"),
    [
        ("/etc/ssh/sshd_config.d/allow.conf", "AllowUsers root\n", "sshd would not let deploy in: allowusers root"),
        ("/etc/ssh/sshd_config.d/broken.conf", "PermitRootLgin no\n", "sshd on this host cannot read"),
        ("/etc/os-release", "ID=debian\nVERSION_ID=11\n", "this host runs debian 11"),
        ("/etc/os-release", "ID=fedora\nVERSION_ID=43\n", "this host runs fedora 43"),
    ],
)
def test_a_host_that_would_not_do_is_left_alone(refuses: Server, path: str, text: str, words: str) -> None:
    refuses.host.write_file(path, text)
    said = refused(refuses)
    assert words in said
    assert "  next: " in said


def test_a_system_user_is_no_login_for_people(refuses: Server) -> None:
    said = refused(refuses, "--user", "www-data", "--key", str(refuses.host.client.key.with_suffix(".pub")))
    assert "'www-data' is already on this host and may not log in" in said


def test_debian_13_by_the_same_command(boot_host: BootHost, shared: Server) -> None:
    newer = Server(boot_host(suite="trixie", packages=SETUP_PACKAGES), shared.person)
    newer.setup()
    assert newer.ssh("root")[0] == 255
    assert newer.drift() == []
    kex = newer.host.run(["sshd", "-T"]).stdout
    assert "kexalgorithms mlkem768x25519-sha256,sntrup761x25519-sha512,sntrup761x25519-sha512@openssh.com\n" in kex
