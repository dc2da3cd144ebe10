"""A server to be set up, and a person who does it. What a set-up installs is on it, so that tests do not wait."""

import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from .commands import run
from .machine import Host
from .product import Project, Result, empty_project, eventually

SETUP_PACKAGES = (
    "apt-listchanges",
    "debsums",
    "fail2ban",
    "libpam-pwquality",
    "needrestart",
    "nftables",
    "python3-systemd",
    "systemd-timesyncd",
    "ufw",
    "unattended-upgrades",
)


@dataclass
class Server:
    """A server, and a person who looks after it."""

    host: Host
    person: Project
    said: str = ""

    def setup(self, *args: str, user: str = "root", check: bool = True) -> Result:
        return self.person.seawall("server", "setup", f"{user}@{self.host.name}", "--yes", *args, check=check)

    def audit(self, *args: str, check: bool = True) -> Result:
        return self.person.seawall("server", "audit", f"deploy@{self.host.name}", *args, check=check)

    def drift(self) -> list[str]:
        """What an audit would change, as `kind name`."""
        return [f"{change['kind']} {change['name']}" for change in self.audit("--json").json["changes"]]

    def ssh(self, login: str, *options: str, command: str = "id -un") -> tuple[int, str]:
        """A login of a person's own, by options of ssh: exit code, and all that was said. It may hang, but not long."""
        argv = [
            "timeout",
            "10",
            "ssh",
            "-F",
            str(self.host.ssh_config),
            *options,
            f"{login}@{self.host.name}",
            "--",
            command,
        ]
        done = run(argv, check=False)
        return done.returncode, done.stdout + done.stderr


def never_set_up(host: Host, directory: Path, ssh_environment: Mapping[str, str]) -> Server:
    """A fresh server, saved as `fresh`. Its RSA key is long already: each set-up would spend seconds on a new one."""
    key = "/etc/ssh/ssh_host_rsa_key"
    host.run(["sh", "-c", f"rm -f {key}*; ssh-keygen -q -t rsa -b 4096 -N '' -f {key}"])
    host.save("fresh")
    return Server(host, empty_project(directory, ssh_environment))


@contextmanager
def listening(host: Host, *ports: int) -> Iterator[None]:
    """Something listens on these ports of the host, for both families."""
    program = (
        "import selectors, socket, sys\n"
        "chosen = selectors.DefaultSelector()\n"
        "for port in map(int, sys.argv[1:]):\n"
        "    family = socket.AF_INET6 if socket.has_ipv6 else socket.AF_INET\n"
        "    made = socket.create_server(('', port), family=family, dualstack_ipv6=family == socket.AF_INET6)\n"
        "    chosen.register(made, selectors.EVENT_READ)\n"
        "while True:\n"
        "    for key, _ in chosen.select():\n"
        "        key.fileobj.accept()[0].close()\n"
    )
    unit = ["systemd-run", "--quiet", "--collect", "--unit=listening", "python3", "-c", program]
    host.run([*unit, *map(str, ports)])
    try:
        eventually(lambda: f":{ports[-1]} " in host.run(["ss", "-ltn"]).stdout, "it listens")
        yield
    finally:
        host.run(["systemctl", "stop", "listening"])


def answers(address: str, port: int) -> bool:
    try:
        socket.create_connection((address, port), timeout=1.5).close()
    except OSError:
        return False
    return True
