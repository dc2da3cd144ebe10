"""Who listens on a TCP port of this host, read from /proc (proc(5))."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

TABLES = ("/proc/net/tcp", "/proc/net/tcp6")
#: The state of a listening socket in those tables (include/net/tcp_states.h).
LISTEN = "0A"


def listener(port: int) -> str:
    """The program that listens there, ``python3 (process 812)``; "" if nobody does."""
    inodes = _listening(port)
    if not inodes:
        return ""
    for process in Path("/proc").glob("[0-9]*"):
        if not inodes.isdisjoint(_sockets(process)):
            return f"{_name(process)} (process {process.name})"
    return "something that does not show itself"


def is_taken(port: int) -> bool:
    """Whether anybody listens there; quicker than to ask who."""
    return bool(_listening(port))


def listens(process: Path) -> bool:
    """Whether a process (its folder in /proc) listens on any port; one that has ended does not."""
    return not _listening().isdisjoint(_sockets(process))


def _listening(port: int = 0) -> set[str]:
    """The inodes of listening sockets: those of one port, or all."""
    return {inode for table in TABLES for found, inode in _rows(table) if port in (0, found)}


def _rows(table: str) -> Iterator[tuple[int, str]]:
    """Port and inode of each listening socket."""
    try:
        rows = Path(table).read_text().splitlines()[1:]
    except OSError:
        return
    for row in rows:
        _, local, _, state, *rest = row.split()
        if state == LISTEN:
            yield int(local.rpartition(":")[2], 16), rest[5]


def _sockets(process: Path) -> set[str]:
    """The inodes of a process's sockets; none of one that has ended, or is not ours to look into."""
    try:
        with os.scandir(process / "fd") as entries:
            links = [os.readlink(entry) for entry in entries]
    except OSError:
        return set()
    return {link[len("socket:[") : -1] for link in links if link.startswith("socket:[")}


def _name(process: Path) -> str:
    try:
        return (process / "comm").read_text().strip()
    except OSError:
        return "a program"
