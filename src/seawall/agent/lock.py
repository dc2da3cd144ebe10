"""One deployment at a time: an flock that dies with its holder, and says who holds it."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from seawall.agent.errors import Locked
from seawall.agent.journal import now


@contextmanager
def hold(path: Path, *, by: str, action: str) -> Iterator[None]:
    """Hold the app's lock. Raises Locked, naming the holder, if someone else has it."""
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Locked(
                f"{_holder(fd)} right now",
                place=str(path),
                state="nothing was changed",
                remedy="wait until it has ended and run the command again; the lock ends with its holder",
            ) from None
        os.ftruncate(fd, 0)
        os.pwrite(fd, json.dumps({"by": by, "action": action, "pid": os.getpid(), "since": now()}).encode(), 0)
        yield
    finally:
        os.close(fd)


def _holder(fd: int) -> str:
    try:
        holder = json.loads(os.pread(fd, 4096, 0))
        return f"{holder['by']} runs a {holder['action']} on this host (since {holder['since']}, pid {holder['pid']})"
    except (ValueError, KeyError):
        return "somebody runs a deployment on this host"
