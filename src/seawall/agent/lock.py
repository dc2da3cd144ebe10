"""One deployment at a time: an flock that dies with its holder, and says who holds it."""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from seawall.agent.errors import Cancelled, Locked
from seawall.agent.journal import now

#: Between two tries of whoever waits for a lock, seconds.
TICK = 0.2


@contextmanager
def hold(path: Path, *, by: str, action: str) -> Iterator[None]:
    """Hold the app's lock. Raises Locked, naming the holder, if someone else has it."""
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        if not _try_lock(fd):
            raise Locked(
                f"{_holder(fd)} right now",
                place=str(path),
                state="nothing was changed",
                remedy="wait until it has ended and run the command again; the lock ends with its holder",
            )
        os.ftruncate(fd, 0)
        os.pwrite(fd, json.dumps({"by": by, "action": action, "pid": os.getpid(), "since": now()}).encode(), 0)
        yield
    finally:
        os.close(fd)


@contextmanager
def hold_in_turn(
    path: Path, *, by: str, action: str, patience: float, tell: Callable[[str], None], cancelled: Callable[[], bool]
) -> Iterator[None]:
    """As :func:`hold`, but whoever has the lock is waited for, ``patience`` seconds at most; ``tell`` hears once that
    it is so. Raises Locked, Cancelled."""
    deadline, told = time.monotonic() + patience, False
    with ExitStack() as held:
        while True:
            try:
                held.enter_context(hold(path, by=by, action=action))
                break
            except Locked as error:
                if cancelled():
                    raise Cancelled("stopped while waiting for its turn at the data") from error
                if time.monotonic() > deadline:
                    raise
                if not told:
                    tell(f"the {action} waits: {error.fact}")
                told = True
            time.sleep(TICK)
        yield


def holder(path: Path) -> str:
    """Who holds the lock right now, as a sentence; "" if nobody does."""
    try:
        fd = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return ""
    try:
        return "" if _try_lock(fd) else _holder(fd)
    finally:
        os.close(fd)


@contextmanager
def take_turns(folder: Path, cancelled: Callable[[], bool]) -> Iterator[None]:
    """Wait until no other app's deployment changes what all apps of the host share; ``folder`` stands for that.

    Raises Cancelled.
    """
    folder.mkdir(parents=True, exist_ok=True)
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        while not _try_lock(fd):
            if cancelled():
                raise Cancelled("stopped while waiting for another app's deployment on this host")
            time.sleep(0.05)
        yield
    finally:
        os.close(fd)


def _try_lock(fd: int) -> bool:
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _holder(fd: int) -> str:
    try:
        holder = json.loads(os.pread(fd, 4096, 0))
        return f"{holder['by']} runs a {holder['action']} on this host (since {holder['since']}, pid {holder['pid']})"
    except (ValueError, KeyError, TypeError):
        return "somebody runs a deployment on this host"
