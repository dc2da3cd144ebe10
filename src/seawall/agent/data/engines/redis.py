"""An app's own Redis: a dump is one RDB file, taken by Redis for a replica and judged before it counts.

An RDB carries a checksum of its own, which redis-check-rdb compares while it counts the keys; so the figures of a dump
are the number of keys and the hash of the file, and a copy that has the same hash is the same.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import shutil
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import IO

from seawall.agent import process
from seawall.agent.data.engines import naming
from seawall.agent.data.figures import Figures, TableFigures
from seawall.agent.data.vocabulary import RedisServer
from seawall.agent.errors import CommandFailed, DumpFailed, LoadFailed, NeedsPerson
from seawall.agent.files import disk_full, remove_tree

#: Bounds, seconds: of a question, of making or reading a whole RDB, of systemd.
QUICK, LONG, START = 30, 3600, 120
PIECE = 1 << 20
#: Where a dump waits to be read: its size is not bounded by what a tmpfs holds.
WAITING = "/var/tmp"  # noqa: S108 - a file without a name
#: In Redis 7 and later the append-only file is a folder of files (its documentation, Persistence); earlier it was one.
FOLDER, FILE = "appendonlydir", "appendonly.aof"
BASE = f"{FILE}.1.base.rdb"
MANIFEST = f"file {BASE} seq 1 type b\n"

#: How redis-cli prints an error that the server answers: ``LOADING Redis is loading the dataset in memory``.
REFUSED = re.compile(r"[A-Z]+ ")


class RedisEngine:
    """The server that ``unit`` runs, reached over its socket by root, whom its folder lets in."""

    def __init__(self, server: RedisServer) -> None:
        self._server = server

    def version(self) -> str:
        """The server's. Raises CommandFailed where it does not answer."""
        return self._info("server", "redis_version")

    def refusal(self, version: str) -> str:
        """Why a dump of a server of this version cannot be loaded here, as a sentence; "" if it can."""
        own = self.version()
        if _series(version) <= _series(own):
            return ""
        return f"the dump is of Redis {version}, and the server here is {own}, which is older"

    def dump(self) -> RedisDump:
        """Begin to dump. Raises DumpFailed, from within the block too."""
        return RedisDump(self)

    def figures(self) -> dict[str, int]:
        """How many keys each of its databases has now, such as ``{"db0": 12}``."""
        lines = self._ask("INFO", "keyspace").splitlines()
        found = (re.fullmatch(r"(db\d+):keys=(\d+),.*", line) for line in lines)
        return {match[1]: int(match[2]) for match in found if match}

    def aside(self) -> str:
        """A folder that is not there yet, for what the server holds until a :meth:`load`."""
        folder = Path(self._server.folder)
        return str(folder.with_name(naming.before(folder.name, os.listdir(folder.parent))))

    def load(self, stream: IO[bytes], aside: str) -> None:
        """Have the server begin anew with this RDB file in the place of all that it holds. What it held before is kept
        in the folder ``aside``. The server stands still meanwhile.

        Raises LoadFailed with the server as it was; NeedsPerson if that cannot be.
        """
        folder = Path(self._server.folder)
        fresh = folder / f".seawall-{os.urandom(8).hex()}"
        try:
            with disk_full(str(folder)):
                _written(fresh, stream)
            keys_of(str(fresh))
            self._systemctl("stop")
        except (CommandFailed, OSError) as error:
            fresh.unlink(missing_ok=True)
            raise LoadFailed(f"Redis did not take the dump: {error}", place=str(folder)) from error
        self._swap(folder, fresh, Path(aside))

    def put_back(self, aside: str) -> None:
        """Undo a :meth:`load` that has put aside there. Raises NeedsPerson."""
        self._put_back(Path(self._server.folder), Path(aside), LoadFailed("the restore was taken back"))

    def write_dump(self, path: str) -> None:
        """Have the server make an RDB of this moment, as it does for a replica. Raises CommandFailed."""
        done = process.run(["redis-cli", "-s", self._server.socket, "--rdb", path], timeout=LONG)
        if done.returncode != 0:
            raise CommandFailed(f"redis-cli: {process.tail(done.output) or 'no reason given'}")

    def _swap(self, folder: Path, fresh: Path, aside: Path) -> None:
        try:
            _lay(folder, fresh, aside, _series(self._program_version()))
            self._systemctl("start")
            self._await()
        except (CommandFailed, OSError) as error:
            self._put_back(folder, aside, error)
            raise LoadFailed(
                f"Redis did not start with the dump: {error}", place=str(folder), state="it runs as it did before"
            ) from error

    def _put_back(self, folder: Path, aside: Path, first: Exception) -> None:
        try:
            self._systemctl("stop")
            if aside.exists():
                remove_tree(str(folder))
                aside.rename(folder)
            self._systemctl("start")
        except (CommandFailed, OSError) as error:
            raise NeedsPerson(
                f"{first}; then what Redis held before could not be put back: {error}",
                place=str(folder),
                remedy=f"stop {self._server.unit}, move {aside} to {folder}, start it",
            ) from error

    def _await(self) -> None:
        """Until it has read its files: only then it answers."""
        deadline = time.monotonic() + LONG
        while self._ping() != "PONG":
            if time.monotonic() > deadline or self._state() in ("failed", "inactive"):
                raise CommandFailed(f"{self._server.unit} does not answer", place=self._server.socket)
            time.sleep(0.05)

    def _ping(self) -> str:
        with contextlib.suppress(CommandFailed):
            return self._ask("PING").strip()
        return ""

    def _state(self) -> str:
        command = ["systemctl", "show", "--property=ActiveState", "--value", self._server.unit]
        return process.run(command, timeout=QUICK).stdout.strip()

    def _info(self, section: str, name: str) -> str:
        lines = self._ask("INFO", section).splitlines()
        found = [line.partition(":")[2] for line in lines if line.startswith(f"{name}:")]
        if not found:
            raise CommandFailed(f"Redis does not say its {name}", place=self._server.socket)
        return found[0]

    def _ask(self, *words: str) -> str:
        done = process.run(["redis-cli", "-s", self._server.socket, *words], timeout=QUICK)
        if done.returncode != 0 or REFUSED.match(done.stdout):
            raise CommandFailed(f"Redis: {process.tail(done.output)}", place=self._server.socket)
        return done.stdout

    def _program_version(self) -> str:
        return process.check(["redis-cli", "--version"], timeout=QUICK).stdout

    def _systemctl(self, word: str) -> None:
        process.check(["systemctl", word, self._server.unit], timeout=START)


class RedisDump:
    """An RDB file without a name, whole and sound before it is read."""

    def __init__(self, made_by: RedisEngine) -> None:
        self._engine = made_by
        self._figures: dict[str, TableFigures] = {}
        self.version = ""
        self.stream: IO[bytes]

    def __enter__(self) -> RedisDump:
        self.stream = tempfile.TemporaryFile(dir=WAITING)
        # redis-cli takes the mark of the end off a file, and leaves it where it writes to a pipe.
        path = f"/proc/{os.getpid()}/fd/{self.stream.fileno()}"
        try:
            self.version = self._engine.version()
            self._engine.write_dump(path)
            self._figures = {"keys": TableFigures(keys_of(path), _hash(self.stream))}
        except CommandFailed as error:
            self.stream.close()
            raise DumpFailed(f"Redis could not be dumped: {error.fact}", output=error.output) from error
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stream.close()

    def figures(self) -> Figures:
        """The number of keys, and the SHA-256 of the file."""
        return self._figures

    def finish(self) -> None:
        """Nothing is left to end: the file was whole before it was read."""


def keys_of(path: str) -> int:
    """How many keys are in an RDB file. Raises CommandFailed for one that redis-check-rdb finds unsound."""
    done = process.run(["redis-check-rdb", path], timeout=LONG)
    keys = re.search(r"^\[info\] (\d+) keys read", done.output, re.M)
    if done.returncode != 0 or not keys:
        raise CommandFailed("redis-check-rdb finds the file unsound", output=process.tail(done.output))
    return int(keys[1])


def _hash(file: IO[bytes]) -> str:
    digest = hashlib.sha256()
    file.seek(0)
    while piece := file.read(PIECE):
        digest.update(piece)
    file.seek(0)
    return digest.hexdigest()


def _written(path: Path, stream: IO[bytes]) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "wb") as file:
        shutil.copyfileobj(stream, file, PIECE)
        file.flush()
        os.fsync(file.fileno())


def _lay(folder: Path, fresh: Path, aside: Path, series: tuple[int, ...]) -> None:
    """A folder with nothing but what ``fresh`` holds, as the base of the append-only file: where that is in use, Redis
    reads no other (its documentation, Persistence). What the folder held goes to ``aside``."""
    found = folder.stat()
    new = Path(tempfile.mkdtemp(prefix=".seawall-", dir=folder.parent))
    try:
        if series >= (7,):
            (new / FOLDER).mkdir(0o700)
            fresh.rename(new / FOLDER / BASE)
            manifest = new / FOLDER / f"{FILE}.manifest"
            manifest.write_text(MANIFEST)
            manifest.chmod(0o600)
        else:
            fresh.rename(new / FILE)
        for path in (new, *new.rglob("*")):
            os.chown(path, found.st_uid, found.st_gid)
        new.chmod(found.st_mode & 0o7777)
        folder.rename(aside)
        new.rename(folder)
    except BaseException:
        remove_tree(str(new))
        raise


def _series(version: str) -> tuple[int, ...]:
    """The first two numbers of a version."""
    return tuple(int(number) for number in re.findall(r"\d+", version)[:2])
