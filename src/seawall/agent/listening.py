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
    inodes = {inode for table in TABLES for inode in _listening(table, port)}
    if not inodes:
        return ""
    for process in Path("/proc").glob("[0-9]*"):
        if not inodes.isdisjoint(_sockets(process)):
            return f"{_name(process)} (process {process.name})"
    return "something that does not show itself"


def _listening(table: str, port: int) -> Iterator[str]:
    try:
        rows = Path(table).read_text().splitlines()[1:]
    except OSError:
        return
    for row in rows:
        _, local, _, state, *rest = row.split()
        if state == LISTEN and int(local.rpartition(":")[2], 16) == port:
            yield rest[5]


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
