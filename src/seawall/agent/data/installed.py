"""Which servers of databases the host has, told from their files, without starting a process."""

from __future__ import annotations

import json
import re
from pathlib import Path

CLUSTERS = Path("/etc/postgresql")
#: The port that programs take where nobody names one; it is part of the socket's name.
PORT = 5432
_PORT = re.compile(r"^\s*port\s*=?\s*(\d+)", re.M)


def postgresql() -> str:
    """The version of Debian's cluster ``main`` on the usual port, such as ``15``; "" where there is none."""
    found = [path.parent.parent.name for path in CLUSTERS.glob("*/main/postgresql.conf") if _port(path) == PORT]
    return max(found, key=lambda version: [int(part) for part in version.split(".")], default="")


def _port(path: Path) -> int:
    found = _PORT.search(path.read_text(errors="replace"))
    return int(found.group(1)) if found else PORT


def connections(base: Path, kind: str) -> int:
    """How many connections the other apps of this host may hold to a server of this kind; ``base`` is this app's."""
    total = 0
    for path in base.parent.glob("*/state/data.json"):
        if path.parent.parent != base:
            total += _connections(path, kind)
    return total


def _connections(path: Path, kind: str) -> int:
    """What cannot be read counts for nothing: the app's own next deployment writes it anew."""
    try:
        database = json.loads(path.read_bytes())["database"] or {}
        return int(database["connections"]) if database["kind"] == kind else 0
    except (OSError, ValueError, KeyError, TypeError):
        return 0
