"""What a killed agent had started and left running: a build, a migration. It must not go on beside the next one."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

PROC = Path("/proc")


def end_orphans(folder: Path) -> None:
    """Kill the processes without a parent that work in ``folder``, each with its whole session (setsid(2)).

    A person's shell that happens to be there has a parent, and stays. Of a session that one elsewhere leads, as
    supervisord leads that of all its programs, the others are not theirs, and stay too.
    """
    orphans = {pid: session for pid, session in _processes() if _works_in(pid, folder) and parent_of(pid) == 1}
    sessions = {session for session in orphans.values() if not _works_elsewhere(session, folder)}
    for pid, session in _processes():
        if pid in orphans or session in sessions:
            _kill(pid)


def end_left_behind(folder: Path, reaper: int) -> None:
    """Kill the processes that work in ``folder`` whose group has lost its leader, and which ``reaper`` has inherited.

    They are what a program left behind when it ended: one that still runs leads its group, or has its own parent.
    """
    for pid, _ in _processes():
        if parent_of(pid) == reaper and _works_in(pid, folder):
            _end_group_without_leader(pid)


def _end_group_without_leader(pid: int) -> None:
    """No new process gets the number of a group that still has members (setpgid(2))."""
    with suppress(ProcessLookupError):
        group = os.getpgid(pid)
        if not (PROC / str(group)).exists():
            os.killpg(group, signal.SIGKILL)


def _processes() -> Iterator[tuple[int, int]]:
    """Each process and its session; none where there is no /proc."""
    names = os.listdir(PROC) if PROC.is_dir() else []
    for pid in map(int, filter(str.isdigit, names)):
        try:
            yield pid, os.getsid(pid)
        except OSError:
            continue  # it has ended


def _works_in(pid: int, folder: Path) -> bool:
    where = _folder_of(pid)
    return where is not None and where.is_relative_to(folder)


def _works_elsewhere(pid: int, folder: Path) -> bool:
    where = _folder_of(pid)
    return where is not None and not where.is_relative_to(folder)


def _folder_of(pid: int) -> Path | None:
    """Where a process works; None once it has ended."""
    try:
        return Path(os.readlink(PROC / str(pid) / "cwd"))
    except OSError:
        return None


def parent_of(pid: int) -> int:
    """The number of a process's parent; 0 if there is no such process."""
    try:
        return int((PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return 0


def _kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return
