"""One test host: a Debian with its own systemd, sshd, disk, address and control group."""

import hashlib
import os
import shlex
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from .cgroup import Cgroup
from .commands import HostError, run
from .disk import Disk
from .network import Link
from .ssh import SshClient

BOOT_TIMEOUT = 60.0  # seconds
INSIDE = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root", "LANG": "C.UTF-8"}
SESSION_USERS = ("root", "deploy", "admin", "nobodyspecial")


@dataclass
class Host:
    """A host that boots, stops, loses power and starts over. `Lab.boot` makes them."""

    name: str
    link: Link
    disk: Disk
    cgroup: Cgroup
    client: SshClient
    pip_cache: Path
    _nspawn: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @property
    def address(self) -> str:
        return self.link.address

    @property
    def address6(self) -> str:
        """Its IPv6 address; the host has it only where `network.has_ipv6()`."""
        return self.link.address6

    @property
    def ssh_config(self) -> Path:
        return self.client.config

    @property
    def console(self) -> Path:
        """What the host's PID 1 wrote to its console, over all boots."""
        return self.disk.directory / "console.log"

    def ssh(
        self, argv: Sequence[str], *, user: str = "root", stdin: str | None = None, check: bool = True
    ) -> subprocess.CompletedProcess[str]:
        """Runs `argv` on the host over ssh, as a person would."""
        remote = [f"{user}@{self.name}", "--", shlex.join(argv)]
        return run(["ssh", "-F", str(self.ssh_config), *remote], stdin=stdin, check=check)

    def run(
        self, argv: Sequence[str], *, stdin: str | None = None, check: bool = True, timeout: float = 300
    ) -> subprocess.CompletedProcess[str]:
        """Runs `argv` on the host as root from behind, without ssh: to look at the host, or to spoil it."""
        leader = self.cgroup.leader()
        if leader is None:
            raise HostError(f"{self.name} is not running")
        enter = ["nsenter", "-t", str(leader), "-m", "-u", "-i", "-n", "-p", "-C", "--wd=/root", "--"]
        return run([*enter, *argv], stdin=stdin, env=INSIDE, check=check, timeout=timeout)

    def read_file(self, path: str) -> str:
        return self.run(["cat", "--", path]).stdout

    def write_file(self, path: str, content: str, *, mode: str = "644") -> None:
        """Writes a file on the host as root, with the directories above it."""
        self.run(["mkdir", "-p", "--", str(PurePosixPath(path).parent)])
        self.run(["sh", "-c", 'cat >"$1" && chmod "$2" "$1"', "sh", path, mode], stdin=content)

    def exists(self, path: str) -> bool:
        """Whether `path`, or a symbolic link of this name, is there."""
        return self.run(["sh", "-c", 'test -e "$1" || test -L "$1"', "sh", path], check=False).returncode == 0

    def mount_tmpfs(self, path: str, size: str) -> None:
        """Puts an empty small file system over `path` (`size` as mount takes it: `8m`), to be filled up by a test."""
        self.run(["mkdir", "-p", "--", path])
        self.run(["mount", "-t", "tmpfs", "-o", f"size={size},mode=755", "tmpfs", path])

    def unmount(self, path: str) -> None:
        self.run(["umount", "--", path])

    def journal(self, lines: int = 40) -> str:
        """The last lines of the host's journal; of its console if it does not run."""
        if self.cgroup.leader() is None:
            return "\n".join(self.console.read_text(errors="replace").splitlines()[-lines:])
        return self.run(["journalctl", "--no-pager", "--quiet", f"--lines={lines}"], check=False).stdout

    def create(self) -> None:
        """Makes the fresh disk of a host that does not run."""
        self.disk.create()
        self._personalise(self.disk.root)
        self.disk.sync()
        self.client.learn(self.name, self.address)

    def boot(self) -> None:
        """Starts the host and returns when sshd answers and systemd has started all it wants."""
        if self._nspawn is not None:
            raise HostError(f"{self.name} runs already")
        self.link.renew()
        self.cgroup.create()
        with self.console.open("ab") as console:
            self._nspawn = subprocess.Popen(
                self._command(),
                env=_nspawn_environment(),
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=console,
                start_new_session=True,  # a Ctrl-C at the tests is not for the host
            )
        self._wait_for_sshd(self._nspawn)
        self.run(["systemctl", "is-system-running", "--wait"], check=False, timeout=BOOT_TIMEOUT)

    def stop(self) -> None:
        """Shuts the host down in good order, as `poweroff` does. `boot` starts it again."""
        leader = self.cgroup.leader()
        if self._nspawn is None or leader is None:
            raise HostError(f"{self.name} is not running")
        os.kill(leader, signal.SIGRTMIN + 4)  # systemd(1): start poweroff.target
        self._nspawn.wait(timeout=120)
        self._vanish()

    def reboot(self) -> None:
        self.stop()
        self.boot()

    def kill_power(self) -> None:
        """Cuts the power: every process dies at once and what was not synced is lost. `boot` starts it again."""
        self._vanish()
        self.disk.cut_power()

    def save(self, name: str) -> None:
        """Keeps the disk as it is now, so that many tests can start from here. The host goes on running."""
        self.disk.save(name)

    def restore(self, name: str) -> None:
        """Puts back the disk that `save` kept and boots from it."""
        self._vanish()
        self.disk.restore(name)
        self.boot()

    def reset(self) -> None:
        """Starts over with a fresh disk, booted."""
        self._vanish()
        self.disk.unmount()
        self.create()
        self.boot()

    def destroy(self) -> None:
        """Ends the host and removes all that it left on this machine."""
        self._vanish()
        self.disk.delete()
        self.link.down()

    def _vanish(self) -> None:
        self.cgroup.kill()
        if self._nspawn is not None:
            self._nspawn.wait(timeout=30)
            self._nspawn = None
        self.cgroup.remove()

    def _personalise(self, root: Path) -> None:
        """Gives the disk what distinguishes this host: names, resolver, host key, the session's user key."""
        etc = root / "etc"
        (etc / "hostname").write_text(f"{self.name}\n")
        (etc / "hosts").write_text(f"127.0.0.1 localhost\n::1 localhost\n{self.address} {self.name}\n")
        (etc / "machine-id").write_text(f"{hashlib.sha256(self.link.mac.encode()).hexdigest()[:32]}\n")
        (etc / "resolv.conf").write_text(_resolver())
        host_key = self.client.host_key(self.name)
        shutil.copy(host_key, etc / "ssh" / "ssh_host_ed25519_key")
        shutil.copy(host_key.with_suffix(".pub"), etc / "ssh" / "ssh_host_ed25519_key.pub")
        for user in SESSION_USERS:
            _authorise(root, user, self.client.public_key)

    def _command(self) -> list[str]:
        join = "".join(f'echo $$ >"{path}/cgroup.procs" && ' for path in self.cgroup.paths)
        return [
            *("sh", "-c", f'{join}exec "$@"', "sh", "systemd-nspawn", "--quiet", "--boot"),
            *(f"--directory={self.disk.root}", f"--machine={self.name}"),
            f"--network-namespace-path=/run/netns/{self.link.namespace}",
            *("--register=no", "--keep-unit", "--resolv-conf=off", "--timezone=off", "--link-journal=no"),
            "--console=pipe",
            # What a server allows its root and a container does not: a firewall, and systemd's IP filters.
            "--capability=CAP_NET_ADMIN,CAP_NET_RAW,CAP_BPF,CAP_PERFMON",
            "--system-call-filter=bpf",
            f"--bind={self.pip_cache}:/root/.cache/pip",
        ]

    def _wait_for_sshd(self, nspawn: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + BOOT_TIMEOUT
        while time.monotonic() < deadline and nspawn.poll() is None:
            if self._sshd_answers():
                return
            time.sleep(0.02)
        self._vanish()
        said = self.console.read_text(errors="replace")[-2000:]
        raise HostError(f"{self.name} did not boot; its console says:\n{said}")

    def _sshd_answers(self) -> bool:
        try:
            with socket.create_connection((self.address, 22), timeout=1) as connection:
                return connection.recv(4) == b"SSH-"
        except OSError:
            return False


def _nspawn_environment() -> dict[str, str]:
    # Today's Debian runs on cgroup v2 alone, also when this machine still has v1 controllers.
    # The network's part of /proc/sys is the host's own, and to be written to.
    writable = {"SYSTEMD_NSPAWN_API_VFS_WRITABLE": "network"}
    return {"PATH": os.environ["PATH"], "SYSTEMD_NSPAWN_UNIFIED_HIERARCHY": "1", **writable}


def _resolver() -> str:
    """This machine's resolver file; where that names a resolver on the machine itself, the one behind it."""
    behind = Path("/run/systemd/resolve/resolv.conf")
    own = Path("/etc/resolv.conf").read_text()
    return behind.read_text() if "127.0.0.53" in own and behind.exists() else own


def _authorise(root: Path, user: str, public_key: str) -> None:
    home = root / "root" if user == "root" else root / "home" / user
    owner = home.stat()
    directory = home / ".ssh"
    directory.mkdir(mode=0o700, exist_ok=True)
    keys = directory / "authorized_keys"
    keys.write_text(public_key)
    for path in (directory, keys):
        os.chown(path, owner.st_uid, owner.st_gid)
