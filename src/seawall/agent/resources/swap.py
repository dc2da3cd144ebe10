"""A swap file, where the host has no swap at all."""

from __future__ import annotations

import os
from pathlib import Path

from seawall.agent import files, process
from seawall.agent.errors import AgentError, ApplyFailed
from seawall.agent.host_vocabulary import Swap
from seawall.agent.resources import texts
from seawall.agent.resources.work import Work
from seawall.agent.vocabulary import Change

ACTIVE = "/proc/swaps"
FSTAB = "/etc/fstab"
MIB = 1 << 20


def observe(_resource: Swap) -> bool:
    """Whether there is any."""
    return in_use()


def in_use() -> bool:
    """Whether any swap is in use (proc(5): a heading, then a line for each)."""
    text = files.read_text(ACTIVE)
    return text is not None and len(text.splitlines()) > 1


def diff(resource: Swap, there: bool) -> Change | None:
    """What must change, or None."""
    if there:
        return None
    return Change("swap", resource.path, "create", f"{resource.size // MIB} MiB, in {FSTAB}", "absent")


def apply(resource: Swap, _there: bool, work: Work) -> None:
    """Make the file whole, so that it has no holes (swapon(8)), use it, and name it in fstab.

    Where the kernel or the file system refuses, the file goes again. Raises ApplyFailed, DiskFull or OSError.
    """
    if os.path.lexists(resource.path):
        raise ApplyFailed(
            f"{resource.path} is there already, and is not in use as swap",
            place=resource.path,
            remedy="remove it, or use it: `swapon` says what is wrong with it",
        )
    try:
        with files.disk_full(resource.path):
            _fill(resource.path, resource.size)
        process.check(["mkswap", resource.path], timeout=120)
        process.check(["swapon", resource.path], timeout=120)
    except BaseException as error:
        Path(resource.path).unlink(missing_ok=True)
        if isinstance(error, AgentError):
            raise ApplyFailed(
                "this host takes no swap file", place=resource.path, remedy="use --no-swap", output=error.output
            ) from error
        raise
    before = files.look(FSTAB)
    gap = b"" if not before.content or before.content.endswith(b"\n") else b"\n"
    line = f"{resource.path} none swap sw 0 0\n".encode()
    work.undo.write_file(FSTAB, before.content + gap + line, before.mode or 0o644, *texts.ids("", ""))


def _fill(path: str, size: int) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        for _ in range(size // MIB):
            file.write(bytes(MIB))
        file.flush()
        os.fsync(descriptor)
