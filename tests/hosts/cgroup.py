"""A control group of its own for every host.

Hosts that share a group see one another's services: stopping `nginx.service` in one would kill it in the other. The
group is also the power switch: `cgroup.kill` ends every process in it at once.
"""

import time
from dataclasses import dataclass
from pathlib import Path

from .commands import HostError

MOUNT = Path("/sys/fs/cgroup")
PARENT = "seawall-hosts"


def roots() -> list[Path]:
    """Where groups must be made: the v2 hierarchy first, then systemd's own v1 hierarchy on a hybrid machine.

    Empty where there is no v2 hierarchy.
    """
    if (MOUNT / "cgroup.procs").exists():
        return [MOUNT]
    unified, named = MOUNT / "unified", MOUNT / "systemd"
    if not (unified / "cgroup.procs").exists():
        return []
    return [unified, named] if named.is_dir() else [unified]


@dataclass(frozen=True)
class Cgroup:
    """The group `name` (a path below our parent group, such as `3/web1`) in every hierarchy."""

    name: str

    @property
    def paths(self) -> list[Path]:
        return [root / PARENT / self.name for root in roots()]

    def create(self) -> None:
        for path in self.paths:
            path.mkdir(parents=True, exist_ok=True)

    def leader(self) -> int | None:
        """The process id, seen from this machine, of the host's PID 1, once its systemd runs."""
        procs = self.paths[0] / "payload" / "init.scope" / "cgroup.procs"
        try:
            return int(procs.read_text().split()[0])
        except (FileNotFoundError, IndexError):
            return None

    def kill(self) -> None:
        """Ends every process in the group at once, as losing power does, and waits until none is left."""
        switch = self.paths[0] / "cgroup.kill"
        if not switch.exists():
            return
        switch.write_text("1")
        deadline = time.monotonic() + 10
        while "populated 1" in (self.paths[0] / "cgroup.events").read_text():
            if time.monotonic() > deadline:
                raise HostError(f"processes of {self.name} survived cgroup.kill for 10 s")
            time.sleep(0.005)

    def remove(self) -> None:
        """Removes the group and the groups below it; they must be empty of processes."""
        for path in self.paths:
            for directory in sorted((d for d in path.rglob("*") if d.is_dir()), reverse=True):
                _rmdir(directory)
            _rmdir(path)


def _rmdir(path: Path) -> None:
    """Removes one group; the kernel may hold it for a moment after its last process ended."""
    for _attempt in range(200):
        try:
            path.rmdir()
        except FileNotFoundError:
            return
        except OSError:
            time.sleep(0.01)
        else:
            return
    raise HostError(f"{path} cannot be removed: something still runs in it")
