"""What a PostgreSQL cluster's control file says of it, whether it runs or not (pg_controldata(1))."""

from __future__ import annotations

from dataclasses import dataclass

from seawall.agent import process
from seawall.agent.data import psql

TIMEOUT = 60  #: seconds
#: The state of a server that was shut down in order, with all it had written in its log.
SHUT_DOWN = "shut down"


@dataclass(frozen=True)
class Control:
    """``system`` is the identifier that copies of a server share, ``state`` what became of it last, ``checkpoint``
    where its last checkpoint begins in the log: after an orderly end that is the last thing in it."""

    system: str
    state: str
    checkpoint: str
    timeline: int


def read(version: str) -> Control:
    """Raises CommandFailed with the program's own words."""
    program = f"/usr/lib/postgresql/{version}/bin/pg_controldata"
    command = [program, "--pgdata", f"/var/lib/postgresql/{version}/main"]
    return parse(process.check(command, timeout=TIMEOUT, user=psql.ADMIN, cwd="/").stdout)


def parse(text: str) -> Control:
    pairs = (line.partition(":") for line in text.splitlines())
    told = {name: value.strip() for name, _, value in pairs}
    return Control(
        told["Database system identifier"],
        told["Database cluster state"],
        told["Latest checkpoint location"],
        int(told["Latest checkpoint's TimeLineID"]),
    )
