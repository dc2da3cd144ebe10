"""A niceness that holds, whoever shares the processor.

Where no control group says what a program's share is, each session has one of its own, and the niceness of a process
counts only beside those of its session (sched(7), "The autogroup feature"). What the agent starts has a session of its
own, so that it can be ended whole; a nice agent tells the kernel that those sessions are to be as nice as it is.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

#: The share that yields most (nice(1)).
MOST = 19
#: The kernel takes ten such words a second, of all processes together: how often it is told, and seconds in between.
TRIES, AGAIN = 40, 0.025


def yield_most() -> None:
    """This process, its session, and what it starts from now on, take the processor when hardly anybody else does."""
    os.nice(MOST)
    pass_on(os.getpid())


def pass_on(pid: int) -> None:
    """Make the session of a process as nice as this process is. Nothing happens where it is not nice at all, where the
    process has ended, or where the kernel has no such shares."""
    own = os.getpriority(os.PRIO_PROCESS, 0)
    if own > 0:
        _tell(Path(f"/proc/{pid}/autogroup"), own)


def _tell(share: Path, niceness: int) -> None:
    for _ in range(TRIES):
        try:
            share.write_text(str(niceness), encoding="ascii")
        except BlockingIOError:
            time.sleep(AGAIN)
        except OSError:
            return
        else:
            return
