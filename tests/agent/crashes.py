"""Killing a process at a chosen moment, and comparing what it left with what was there."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

Snapshot = dict[str, tuple[object, ...]]


def snapshot(root: Path) -> Snapshot:
    """Everything under a folder that could differ: kinds, modes, owners, contents, targets."""
    found: Snapshot = {}
    for place in [root, *root.rglob("*")]:
        status = place.lstat()
        held = str(place.readlink()) if place.is_symlink() else place.read_bytes() if place.is_file() else b""
        found[str(place.relative_to(root))] = (status.st_mode, status.st_uid, status.st_gid, held)
    return found


def killed_at(step: int, action: Callable[[], object]) -> bool:
    """Run an action in a process that kills itself -9 at its ``step``-th touch of the file system; whether it did."""
    child = os.fork()
    if child:
        _, status = os.waitpid(child, 0)
        assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0, f"the action failed at step {step}"
        return os.WIFSIGNALED(status)
    left = step

    def count(*_: object) -> None:
        nonlocal left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    touches = ("open", "os.", "shutil.")
    fsync = os.fsync
    os.fsync = lambda descriptor: (count(), fsync(descriptor))[1]
    sys.addaudithook(lambda event, _: count() if event.startswith(touches) else None)
    code = 1
    try:
        action()
        code = 0
    finally:
        os._exit(code)  # the parent alone goes on with the tests
