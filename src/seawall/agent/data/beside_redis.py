"""The part of a backup that is Redis': its RDB file, compared before anything is begun with it; and for a drill a Redis
of its own, so that the app's check finds no live one."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from seawall.agent import process
from seawall.agent.data.engines.redis import keys_of
from seawall.agent.data.figures import TableFigures, compare
from seawall.agent.data.manifest import RedisPart
from seawall.agent.data.running import Running
from seawall.agent.data.source import Source
from seawall.agent.errors import CommandFailed, NotAsBackedUp
from seawall.agent.files import disk_full, gid_of, uid_of

PIECE = 1 << 20
#: Bound on a Redis that reads its file, seconds.
START = 600


def fetch(source: Source, part: RedisPart, path: Path) -> None:
    """The file, at ``path``, and what was backed up. Raises NotAsBackedUp, RepositoryFailed, DiskFull."""
    digest = hashlib.sha256()
    with source.dump(part) as dump, disk_full(str(path)), path.open("xb") as file:
        while piece := dump.stream.read(PIECE):
            digest.update(piece)
            file.write(piece)
        dump.finish()
    try:
        found = {"keys": TableFigures(keys_of(str(path)), digest.hexdigest())}
    except CommandFailed as error:
        raise _not_as_backed_up(source, error.output) from error
    differences = compare(part.figures, found)
    if differences:
        raise _not_as_backed_up(source, "\n".join(differences))


@contextmanager
def running(rdb: Path, user: str) -> Iterator[str]:
    """A Redis of the app's user, for the length of the block: the path of its socket. It holds what is in the file, if
    that is there. Raises CommandFailed."""
    with tempfile.TemporaryDirectory(prefix="seawall-drill-") as folder:
        yield from _running(rdb, Path(folder), user)


def _running(rdb: Path, folder: Path, user: str) -> Iterator[str]:
    if rdb.exists():
        shutil.copyfile(rdb, folder / "dump.rdb")
    if user:
        for path in (*folder.iterdir(), folder):
            os.chown(path, uid_of(user), gid_of(user))
    socket = folder / "redis.sock"
    settings = {"port": "0", "unixsocket": str(socket), "dir": str(folder), "save": "", "appendonly": "no"}
    argv = ["redis-server", *(word for name, value in settings.items() for word in (f"--{name}", value))]
    with Running(argv, user=user or None, stdout=subprocess.DEVNULL) as server:
        deadline = time.monotonic() + START
        while not _answers(socket):
            if server.ended(0.05) is not None or time.monotonic() > deadline:
                raise CommandFailed("a Redis with what was restored did not start", output=server.said())
        yield str(socket)


def _answers(socket: Path) -> bool:
    """Whether it has read its file: only then it answers so."""
    return process.run(["redis-cli", "-s", str(socket), "PING"], timeout=START).stdout.strip() == "PONG"


def _not_as_backed_up(source: Source, output: str) -> NotAsBackedUp:
    return NotAsBackedUp(
        f"what Redis held in backup {source.manifest.id} is not what was backed up",
        place=source.manifest.id,
        state="the live data is as it was",
        remedy="what differs is below; `seawall backup list` shows the other backups",
        output=output,
    )
