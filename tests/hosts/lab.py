"""Where test hosts live: one slot of the machine per test session, and all that must be gone when it ends.

A slot is a number with a lock file. It names everything of a session (bridge, subnet, control groups, directory), so
sessions side by side do not meet; and since the lock dies with its holder, a slot that can be locked but still names a
directory belongs to a session that was killed: its leavings are removed before anything else.
"""

import fcntl
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

from .cgroup import Cgroup
from .commands import HostError
from .disk import Disk, unmount
from .image import cache_directory, image
from .machine import Host
from .network import Network
from .ssh import SshClient

SLOTS = range(64)
LOCKS = Path("/run/seawall-test-hosts")
MOST_HOSTS = 200


@dataclass
class Lab:
    """A session's hosts. Use `open_lab`."""

    slot: int
    directory: Path
    network: Network
    client: SshClient
    hosts: dict[str, Host] = field(default_factory=dict)

    def boot(self, name: str | None = None, *, suite: str = "bookworm", packages: Sequence[str] = ()) -> Host:
        """A freshly made host, booted: Debian `suite` with `packages` already on it.

        The image is made first if need be. Without a name it is called web1, web2 and so on.
        """
        lower = image(suite, packages).ensure()
        number = self._free_number()
        host = self._make(name or f"web{number}", number, lower)
        host.create()
        host.boot()
        return host

    def remove(self, host: Host) -> None:
        """Ends `host` and frees its name."""
        host.destroy()
        del self.hosts[host.name]

    def _make(self, name: str, number: int, lower: Path) -> Host:
        if name in self.hosts:
            raise HostError(f"there is a host called {name} already")
        pip_cache = cache_directory() / "pip"
        pip_cache.mkdir(parents=True, exist_ok=True)
        link = self.network.link(name, number)
        disk = Disk(self.directory / name, lower)
        host = Host(name, link, disk, Cgroup(f"{self.slot}/{name}"), self.client, pip_cache)
        link.up()
        self.hosts[name] = host
        return host

    def _free_number(self) -> int:
        taken = {host.link.number for host in self.hosts.values()}
        return next(number for number in range(1, MOST_HOSTS) if number not in taken)


@contextmanager
def open_lab() -> Iterator[Lab]:
    """A lab in a free slot, empty; everything in it is gone at the end. Leavings of killed sessions go first."""
    LOCKS.mkdir(exist_ok=True)
    _sweep_abandoned()
    slot, lock = _take_slot()
    with lock:
        directory = cache_directory() / "sessions" / str(slot)
        lock.write(str(directory))
        lock.flush()
        _clear(slot, directory)
        try:
            with _furnish(slot, directory) as lab:
                yield lab
        finally:
            _clear(slot, directory)
            lock.truncate(0)


@contextmanager
def _furnish(slot: int, directory: Path) -> Iterator[Lab]:
    """An empty lab in an empty slot; its hosts are destroyed at the end."""
    directory.mkdir(parents=True, mode=0o700)
    network = Network(slot)
    network.up()
    client = SshClient(directory / "ssh")
    client.create()
    lab = Lab(slot, directory, network, client)
    try:
        yield lab
    finally:
        for host in list(lab.hosts.values()):
            lab.remove(host)


def _clear(slot: int, directory: Path) -> None:
    """Removes every process, mount, interface and file of the slot, in the order that lets each go."""
    group = Cgroup(str(slot))
    group.kill()
    group.remove()
    for point in _mounts_below(directory):
        unmount(point)
    Network(slot).down()
    if directory.exists():
        shutil.rmtree(directory)


def _mounts_below(directory: Path) -> list[Path]:
    points = [Path(line.split()[1]) for line in Path("/proc/self/mounts").read_text().splitlines()]
    return sorted((point for point in points if point.is_relative_to(directory)), reverse=True)


def _lock(slot: int) -> TextIO | None:
    """The slot's open and locked file, or None if another session holds it."""
    file = (LOCKS / f"{slot}.lock").open("a+")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        return None
    file.seek(0)
    return file


def _take_slot() -> tuple[int, TextIO]:
    for slot in SLOTS:
        lock = _lock(slot)
        if lock is not None:
            return slot, lock
    raise HostError(f"all {len(SLOTS)} slots for test sessions are in use")


def _sweep_abandoned() -> None:
    for path in LOCKS.glob("*.lock"):
        slot = int(path.stem)
        lock = _lock(slot)
        if lock is None:
            continue
        with lock:
            abandoned = lock.read()
            if abandoned:
                _clear(slot, Path(abandoned))
                lock.truncate(0)
