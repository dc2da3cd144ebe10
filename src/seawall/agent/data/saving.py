"""Bytes on their way into the repository, and out of it: a piece at a time, and nothing half done counts."""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import subprocess
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from types import TracebackType
from typing import IO

from seawall.agent import process
from seawall.agent.data.restic import Restic
from seawall.agent.errors import Cancelled, RepositoryFailed, RepositoryUnreachable

#: Bytes that are moved at a time.
PIECE = 1 << 20
#: Seconds without a byte taken after which restic is given up: it tries for fifteen minutes itself.
STALL = 1800
#: Seconds that restic has to write its last pieces and its snapshot.
ENDING = 3600
#: Seconds that it has to end when it is told to.
GRACE = 10.0


@dataclass(frozen=True)
class Saved:
    """A snapshot that was made: its id, the bytes it holds, and those that the repository did not have yet."""

    snapshot: str
    bytes: int
    added: int
    files: int = 0


class Saving:
    """A snapshot that is being made of what is written to it. Unless :meth:`finish` was called, leaving the block makes
    no snapshot, whatever was written: restic is ended before it could take the end of its input for a whole file."""

    def __init__(self, restic: Restic, words: Sequence[str]) -> None:
        self._restic = restic
        self._held = ExitStack()
        self._out = self._held.enter_context(tempfile.TemporaryFile())  # noqa: SIM115 - the stack closes it
        self._errors = self._held.enter_context(tempfile.TemporaryFile())  # noqa: SIM115 - likewise
        argv, env = restic.argv(*words), restic.environment()
        self._process = process.begin(argv, env=env, stdin=subprocess.PIPE, stdout=self._out, stderr=self._errors)
        self.written = 0

    def __enter__(self) -> Saving:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        _end(self._process)
        self._input.close()
        self._held.close()

    @property
    def _input(self) -> IO[bytes]:
        assert self._process.stdin is not None  # noqa: S101 - it is a pipe
        return self._process.stdin

    def write(self, data: bytes) -> None:
        """Raises RepositoryFailed if restic has failed, or takes nothing any more; Cancelled."""
        left = memoryview(data)
        os.set_blocking(self._input.fileno(), False)
        while left:
            self._await_room()
            try:
                taken = os.write(self._input.fileno(), left[:PIECE])
            except BlockingIOError:
                continue
            except BrokenPipeError:
                raise self._failure() from None
            left = left[taken:]
            self.written += taken

    def _await_room(self) -> None:
        deadline = time.monotonic() + STALL
        self._unless_cancelled()
        while not select.select([], [self._input], [], 0.5)[1]:
            self._unless_cancelled()
            if time.monotonic() > deadline:
                raise _stalled(self._restic, f"taken nothing for {STALL // 60} minutes")

    def _unless_cancelled(self) -> None:
        if self._restic.cancelled():
            raise Cancelled("the backup was stopped", state="no backup was made")

    def finish(self) -> Saved:
        """All has been written, and is whole: have the snapshot made. Raises RepositoryFailed, Cancelled."""
        self._input.close()
        deadline = time.monotonic() + ENDING
        while _running(self._process, 0.1):
            self._unless_cancelled()
            if time.monotonic() > deadline:
                raise _stalled(self._restic, f"not ended within {ENDING // 60} minutes")
        if self._process.returncode != 0:
            raise self._failure()
        self._out.seek(0)
        return summary_of(self._out.read().decode(errors="replace"))

    def _failure(self) -> Exception:
        _running(self._process, GRACE)
        self._errors.seek(0)
        return self._restic.failure(self._errors.read().decode(errors="replace"))


class Stream:
    """What restic prints, as it comes. Read it to its end, then ask it to :meth:`finish`."""

    def __init__(self, restic: Restic, words: Sequence[str]) -> None:
        self._restic = restic
        self._held = ExitStack()
        self._errors = self._held.enter_context(tempfile.TemporaryFile())  # noqa: SIM115 - the stack closes it
        self._process = process.begin(restic.argv(*words), env=restic.environment(), stderr=self._errors)

    def __enter__(self) -> Stream:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        _end(self._process)
        self.stream.close()
        self._held.close()

    @property
    def stream(self) -> IO[bytes]:
        """The bytes; their end may also be that of a restic that failed."""
        assert self._process.stdout is not None  # noqa: S101 - it is a pipe
        return self._process.stdout

    def finish(self) -> None:
        """Raises RepositoryFailed unless restic has ended well: only then what was read is whole."""
        if _running(self._process, GRACE):
            raise _stalled(self._restic, "not ended, though it has nothing more to say")
        if self._process.returncode != 0:
            self._errors.seek(0)
            raise self._restic.failure(self._errors.read().decode(errors="replace"))


def summary_of(output: str) -> Saved:
    """What `restic backup --json` says at its end. Raises RepositoryFailed where it says nothing."""
    for line in reversed(output.splitlines()):
        with contextlib.suppress(ValueError):
            said = json.loads(line)
            if said.get("message_type") == "summary":
                return Saved(
                    str(said["snapshot_id"]),
                    int(said["total_bytes_processed"]),
                    int(said["data_added"]),
                    int(said["total_files_processed"]),
                )
    raise RepositoryFailed("restic has made no snapshot, and did not say why", output=output[-2000:])


def _running(restic: subprocess.Popen[bytes], seconds: float) -> bool:
    try:
        restic.wait(seconds)
    except subprocess.TimeoutExpired:
        return True
    return False


def _end(restic: subprocess.Popen[bytes]) -> None:
    """End it if it still runs. Told by SIGINT, restic takes its lock away."""
    for number in (signal.SIGINT, signal.SIGKILL):
        if restic.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(restic.pid, number)
            _running(restic, GRACE)


def _stalled(restic: Restic, what: str) -> RepositoryUnreachable:
    return RepositoryUnreachable(
        f"restic has {what}",
        place=restic.repository.url,
        state="no backup was made",
        remedy="see whether the place of the repository is up, and reachable from this host; the next run tries again",
    )
