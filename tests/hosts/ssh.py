"""The ssh client of a test session: one user key, known host keys, strict checking, nothing of the person's own.

Hosts are reached by name (`ssh web1`, `ssh deploy@web1`) or address. `environment()` puts a wrapper of this very
configuration on PATH as `ssh`, so whatever runs `ssh` needs to know nothing of tests.
"""

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from .commands import HostError, run


@dataclass(frozen=True)
class SshClient:
    """The client whose files are in `directory`."""

    directory: Path

    @property
    def config(self) -> Path:
        return self.directory / "config"

    @property
    def key(self) -> Path:
        return self.directory / "id_ed25519"

    @property
    def known_hosts(self) -> Path:
        return self.directory / "known_hosts"

    @property
    def public_key(self) -> str:
        return self.key.with_suffix(".pub").read_text()

    def create(self) -> None:
        """Makes key, configuration and wrapper."""
        self.directory.mkdir(parents=True, mode=0o700)
        (self.directory / "hosts.d").mkdir()
        _generate(self.key)
        self.known_hosts.touch()
        self.config.write_text(
            f"Include {self.directory}/hosts.d/*.conf\n"
            "Host *\n"
            "    User root\n"
            f"    IdentityFile {self.key}\n"
            "    IdentitiesOnly yes\n"
            f"    UserKnownHostsFile {self.known_hosts}\n"
            "    GlobalKnownHostsFile /dev/null\n"
            "    StrictHostKeyChecking yes\n"
            "    UpdateHostKeys no\n"
            "    BatchMode yes\n"
            "    ConnectTimeout 10\n"
        )
        self._write_wrapper()

    def environment(self) -> dict[str, str]:
        """This process's environment, with the wrapper first on PATH and no ssh agent."""
        own = {name: value for name, value in os.environ.items() if not name.startswith("SSH_")}
        return {**own, "PATH": f"{self._programs}{os.pathsep}{own['PATH']}"}

    def host_key(self, host: str) -> Path:
        """The private host key of `host`, made when first asked for."""
        path = self.directory / f"host-{host}"
        if not path.exists():
            _generate(path)
        return path

    def learn(self, host: str, address: str) -> None:
        """Makes `host` reachable under its name and its address, and its host key known."""
        self._write_entry(host, f"{host} {address}", host, address, 22)
        kind, key, *_comment = self.host_key(host).with_suffix(".pub").read_text().split()
        line = f"{host} {kind} {key}\n"
        if line not in self.known_hosts.read_text():
            with self.known_hosts.open("a") as known:
                known.write(line)

    def add_route(self, alias: str, host: str, address: str, port: int) -> None:
        """Makes `host` reachable as `alias` too, by another address and port: through a proxy, for example."""
        self._write_entry(alias, alias, host, address, port)

    @property
    def _programs(self) -> Path:
        return self.directory / "bin"

    def _write_entry(self, entry_name: str, names: str, host: str, address: str, port: int) -> None:
        entry = self.directory / "hosts.d" / f"{entry_name}.conf"
        entry.write_text(f"Host {names}\n    HostName {address}\n    Port {port}\n    HostKeyAlias {host}\n")

    def _write_wrapper(self) -> None:
        real = shutil.which("ssh")
        if real is None:
            raise HostError("there is no ssh on PATH")
        self._programs.mkdir()
        wrapper = self._programs / "ssh"
        wrapper.write_text(f'#!/bin/sh\nexec {real} -F {self.config} "$@"\n')
        wrapper.chmod(0o755)


def _generate(path: Path) -> None:
    run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "seawall test", "-f", str(path)])
