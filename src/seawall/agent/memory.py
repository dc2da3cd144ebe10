"""What a release's processes take of the memory: measured once it is well, recorded beside it, told to the tool.

The measure is PSS, the proportional set size of proc(5): a page that several processes share counts for each by its
part, so that the sum over processes is what they really take, forked from a preloaded master or not.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from seawall.agent import releases
from seawall.agent.data.installed import connections, databases, pool_unused
from seawall.agent.files import write_atomic
from seawall.agent.managers import Manager
from seawall.agent.places import Places, ReleasePlaces
from seawall.agent.vocabulary import Measured, Release, measured_from_wire, to_wire

PROC = Path("/proc")
_PSS = re.compile(r"^Pss:\s+(\d+) kB$", re.M)


def measure(manager: Manager, at: ReleasePlaces, release: Release, *, served: bool) -> Measured | None:
    """The memory of a release that runs; None where the kernel does not tell, or the web program is gone."""
    children = _children()
    web = [_of_tree(pid, children) for p in release.programs if p.role == "web" for pid in manager.pids(at, p)]
    if not any(web):
        return None
    # What only holds a socket for the server, or starts it, is small beside it.
    main, worker = _divided(max(web, key=sum), release.serving.workers)
    others = [pid for p in release.programs if p.role == "process" for pid in manager.pids(at, p)]
    processes = sum(sum(_of_tree(pid, children)) for pid in others)
    return Measured(at.id, release.serving, main, worker, processes, served)


def record(at: ReleasePlaces, measured: Measured | None) -> None:
    """Keep it."""
    if measured is not None:
        write_atomic(str(at.memory), json.dumps(to_wire(measured)).encode(), 0o600)


def is_known(at: ReleasePlaces) -> bool:
    """Whether it was measured when it had served: what a release takes when it has just started says less than that."""
    before = _read(at.memory)
    return before is not None and before.served


def told(places: Places) -> dict[str, Any]:
    """What is known here: of this app's releases, the live one first, then the newest; and of the other apps, also how
    many connections they may hold to the host's PostgreSQL, and to its MariaDB, and whether they use its PgBouncer; and
    the databases that this one has, or had."""
    live = releases.live_id(places)
    known = [(name, _read(places.release(name).memory)) for name in reversed(releases.ids(places))]
    found = [{**to_wire(memory), "live": name == live} for name, memory in known if memory is not None]
    return {
        "measured": sorted(found, key=lambda one: not one["live"]),
        "others": _others(places),
        "connections": connections(places.base, "postgresql"),
        "mariadb_connections": connections(places.base, "mariadb"),
        "pool_unused": pool_unused(places),
        "databases": databases(places.base),
    }


def _others(places: Places) -> dict[str, int]:
    """The other apps with a live release on this host, and what that takes in bytes; 0 where it was not measured."""
    bases = (link.parent for link in places.base.parent.glob("*/live") if link.is_symlink())
    found = {base.name: _read(base / "live" / "memory.json") for base in bases if base != places.base}
    return {name: memory.whole if memory else 0 for name, memory in sorted(found.items())}


def _read(path: Path) -> Measured | None:
    """A record that cannot be read is none: the next deployment writes another."""
    try:
        return measured_from_wire(json.loads(path.read_bytes()))
    except (OSError, ValueError, TypeError, KeyError):
        return None


def _divided(tree: list[int], workers: int) -> tuple[int, int]:
    """The part that is there once, and the largest worker's; a server without children is its own only worker.

    A helper of the server, such as the resource tracker of Python's multiprocessing, is smaller than any worker.
    """
    main, *below = tree
    if not below:
        return 0, main
    below.sort(reverse=True)
    count = workers or len(below)
    return main + sum(below[count:]), below[0]


def _of_tree(pid: int, children: Mapping[int, list[int]]) -> list[int]:
    """The PSS of a process, then of all below it; empty if it cannot be read."""
    own = _pss(pid)
    if own is None:
        return []
    return [own, *(size for child in children.get(pid, ()) for size in _of_tree(child, children))]


def _pss(pid: int) -> int | None:
    try:
        found = _PSS.search((PROC / str(pid) / "smaps_rollup").read_text())
    except OSError:
        return None
    return int(found.group(1)) * 1024 if found else None


def _children() -> dict[int, list[int]]:
    """Every process's children."""
    found: dict[int, list[int]] = {}
    for pid in _pids():
        try:
            parent = int((PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue  # it has ended
        found.setdefault(parent, []).append(pid)
    return found


def _pids() -> Iterable[int]:
    return map(int, filter(str.isdigit, os.listdir(PROC) if PROC.is_dir() else []))
