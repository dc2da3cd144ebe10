"""A host's disk: an ext4 file system of its own, with the image below it as an overlay.

A file system of its own costs milliseconds and makes two things true: a power cut really loses what was not synced, and
a disk can be saved and put back.
"""

import array
import fcntl
import os
import shutil
import time
from dataclasses import dataclass
from pathlib import Path

from .commands import HostError, run

SIZE = 16 * 1024**3  # bytes; sparse, so it occupies what the host writes
# linux/fs.h: FS_IOC_SHUTDOWN is _IOR('X', 125, __u32); flag 2 drops the journal too (FS_SHUTDOWN_FLAGS_NOLOGFLUSH).
FS_IOC_SHUTDOWN = 0x8004587D
WITHOUT_LOG_FLUSH = 2


@dataclass(frozen=True)
class Disk:
    """The disk kept in `directory`, over the image `lower`."""

    directory: Path
    lower: Path

    @property
    def root(self) -> Path:
        """The host's root directory as this machine sees it, mounted from `create` to `delete`.

        While the host runs, ask the host itself instead: its tmpfs mounts are not seen here. Absolute symbolic links
        in it always lead astray.
        """
        return self.directory / "root"

    def create(self) -> None:
        """Makes the disk new and mounts it."""
        self.directory.mkdir(parents=True, exist_ok=True)
        self._file.unlink(missing_ok=True)
        self._file.touch(mode=0o600)
        os.truncate(self._file, SIZE)
        lazy = "lazy_itable_init=1,lazy_journal_init=1,nodiscard"
        run(["mkfs.ext4", "-q", "-E", lazy, str(self._file)])
        self.mount()

    def mount(self) -> None:
        upper, work = self._own / "upper", self._own / "work"
        self._own.mkdir(exist_ok=True)
        self.root.mkdir(exist_ok=True)
        run(["mount", "-o", "loop", str(self._file), str(self._own)])
        upper.mkdir(exist_ok=True)
        work.mkdir(exist_ok=True)
        layers = f"lowerdir={self.lower},upperdir={upper},workdir={work}"
        run(["mount", "-t", "overlay", "overlay", "-o", layers, str(self.root)])

    def unmount(self) -> None:
        for point in (self.root, self._own):
            unmount(point)

    def sync(self) -> None:
        run(["sync", "--file-system", str(self._own)])

    def cut_power(self) -> None:
        """What was not synced is lost; the disk is mounted again, as after the power came back.

        Nothing may run on the disk any more.
        """
        handle = os.open(self._own, os.O_RDONLY)
        try:
            fcntl.ioctl(handle, FS_IOC_SHUTDOWN, array.array("I", [WITHOUT_LOG_FLUSH]))
        finally:
            os.close(handle)
        self.unmount()
        self._leave_behind_who_holds_it()
        self.mount()

    def _leave_behind_who_holds_it(self) -> None:
        """Goes on with a copy if the file is in use still. Whoever makes a mount namespace on this machine holds the
        file system a while longer, and to mount the same file would give that one again, which is shut down."""
        if run(["losetup", "--noheadings", "--output", "NAME", "--associated", str(self._file)]).stdout:
            copy = self.directory / "copy.img"
            run(["cp", "--sparse=always", str(self._file), str(copy)])
            copy.rename(self._file)

    def save(self, name: str) -> None:
        """Keeps the disk as it is at this moment, synced, under `name`; the host may go on running."""
        run(["fsfreeze", "--freeze", str(self._own)])
        try:
            run(["cp", "--sparse=always", str(self._file), str(self._saved(name))])
        finally:
            run(["fsfreeze", "--unfreeze", str(self._own)])

    def restore(self, name: str) -> None:
        """Puts back what `save` kept. Nothing may run on the disk any more."""
        if not self._saved(name).exists():
            raise HostError(f"no disk was saved as {name!r}")
        self.unmount()
        self._file.unlink()  # not written over: somebody may hold the file system a while longer
        run(["cp", "--sparse=always", str(self._saved(name)), str(self._file)])
        self.mount()

    def delete(self) -> None:
        self.unmount()
        shutil.rmtree(self.directory)

    @property
    def _file(self) -> Path:
        return self.directory / "disk.img"

    @property
    def _own(self) -> Path:
        return self.directory / "disk"

    def _saved(self, name: str) -> Path:
        return self.directory / f"saved-{name}.img"


def unmount(point: Path) -> None:
    """Unmounts `point`; the last processes that used it may still be on their way out."""
    deadline = time.monotonic() + 5
    while point.is_mount():
        done = run(["umount", str(point)], check=False)
        if done.returncode != 0 and time.monotonic() > deadline:
            raise HostError(f"{point} cannot be unmounted: {done.stderr.strip()}")
        if done.returncode != 0:
            time.sleep(0.02)
