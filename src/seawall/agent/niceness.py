"""A niceness that holds, whoever shares the processor.

Where no control group says what a program's share is, each session has one of its own, and the niceness of a process
counts only beside those of its session (sched(7), "The autogroup feature"). So an agent that yields has a session whose
share is the least, and what it starts stays in that session.

The policy "idle" is not asked for: the kernel sends others to a processor on which only such programs run, as if it
were free, and there they wait for the turn of the session to end.
"""

from __future__ import annotations

import contextlib
import os
import time
from pathlib import Path
from typing import Any

#: The share that yields most (nice(1)).
MOST = 19
#: The kernel takes ten such words a second, of all processes together: how often it is told, and seconds in between.
TRIES, AGAIN = 40, 0.025
#: The share of the session that this process is in.
SHARE = Path("/proc/self/autogroup")


def yield_most() -> None:
    """This process, its session, and what it starts from now on, take the processor when hardly anybody else does."""
    with contextlib.suppress(PermissionError):  # it leads a session already
        os.setsid()
    os.nice(MOST)
    _tell(MOST)


def yields() -> bool:
    """Whether this process has said :func:`yield_most`, or was started by one that has."""
    return os.getpriority(os.PRIO_PROCESS, 0) >= MOST


def apart() -> dict[str, Any]:
    """How Popen begins a program that can be ended with all that it has started.

    In a session of its own; one that is begun by a process that yields stays in that one's session, for a new one would
    have as large a share as every other until the kernel is told, and this process may wait long for its turn to do so.
    """
    if yields():
        return {"preexec_fn": os.setpgrp}  # Popen's process_group came with Python 3.11
    return {"start_new_session": True}


def _tell(niceness: int) -> None:
    """Nothing happens where the kernel has no such shares."""
    for _ in range(TRIES):
        try:
            SHARE.write_text(str(niceness), encoding="ascii")
        except BlockingIOError:
            time.sleep(AGAIN)
        except OSError:
            return
        else:
            return
