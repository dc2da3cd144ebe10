"""A swap file, where the host has no swap at all."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from seawall.agent import files, process
from seawall.agent.errors import ApplyFailed, CommandFailed
from seawall.agent.host_vocabulary import Swap
from seawall.agent.resources import texts
from seawall.agent.resources.work import Work
from seawall.agent.vocabulary import Change

ACTIVE = "/proc/swaps"
FSTAB = "/etc/fstab"
MIB = 1 << 20


@dataclass(frozen=True)
class SwapFound:
    """Whether any is in use; whether ours is, and would not be after a boot: a set-up may have ended in between."""

    active: bool
    unnamed: bool = False


def observe(resource: Swap) -> SwapFound:
    """What there is."""
    lines = (files.read_text(FSTAB) or "").splitlines()
    named = any(line.split()[:1] == [resource.path] for line in lines)
    return SwapFound(in_use(), resource.path in _active() and not named)


def in_use() -> bool:
    """Whether any swap is in use."""
    return bool(_active())


def _active() -> list[str]:
    """proc(5): a heading, then a line for each."""
    return [line.split()[0] for line in (files.read_text(ACTIVE) or "").splitlines()[1:]]


def diff(resource: Swap, found: SwapFound) -> Change | None:
    """What must change, or None."""
    if found.unnamed:
        return Change("swap", resource.path, "update", f"in {FSTAB}, for the next boot", "unnamed")
    if found.active:
        return None
    return Change("swap", resource.path, "create", f"{resource.size // MIB} MiB, in {FSTAB}", "absent")


def apply(resource: Swap, found: SwapFound, work: Work) -> None:
    """Make the file, use it, and name it in fstab; one that is there already is used if it is swap.

    Where the kernel or the file system refuses, a new file goes again. Raises ApplyFailed, DiskFull or OSError.
    """
    if not found.active:
        if os.path.lexists(resource.path):
            _use(resource)
        else:
            _make(resource)
    _name(resource, work)


def _use(resource: Swap) -> None:
    try:
        process.check(["swapon", resource.path], timeout=120)
    except CommandFailed as error:
        raise ApplyFailed(
            f"{resource.path} is there already, and cannot be used as swap",
            place=resource.path,
            remedy="remove it if nobody needs it, or use --no-swap",
            output=error.output,
        ) from error


def _make(resource: Swap) -> None:
    """A whole file, for swap may have no holes (swapon(8)); under another name until it is swap."""
    fresh = f"{resource.path}.new"
    Path(fresh).unlink(missing_ok=True)
    try:
        with files.disk_full(resource.path):
            _fill(fresh, resource.size)
        process.check(["mkswap", fresh], timeout=120)
        Path(fresh).rename(resource.path)
        process.check(["swapon", resource.path], timeout=120)
    except BaseException as error:
        for path in (fresh, resource.path):
            Path(path).unlink(missing_ok=True)
        if isinstance(error, CommandFailed):
            raise ApplyFailed(
                "this host takes no swap file", place=resource.path, remedy="use --no-swap", output=error.output
            ) from error
        raise


def _name(resource: Swap, work: Work) -> None:
    before = files.look(FSTAB)
    if any(line.split()[:1] == [resource.path.encode()] for line in before.content.splitlines()):
        return
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
