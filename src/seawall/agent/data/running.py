"""A program that is fed or read while it runs, whatever the amount: dumpers, loaders, restic."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import IO, Any

from seawall.agent import process

#: How long a program may go on after its last byte, seconds.
LAST = 600.0


class Running:
    """The program is begun when this is made, and ended with the block. What it says on standard error goes to a file
    without a name, so that it never waits for a reader.

    Raises CommandFailed if it cannot be started.
    """

    def __init__(
        self, argv: Sequence[str], *, user: str | None = None, env: Mapping[str, str] | None = None, **streams: Any
    ) -> None:
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the block, by __exit__
        try:
            self.process = process.begin(argv, user=user, env=env, stderr=self._errors, **streams)
        except BaseException:
            self._errors.close()
            raise

    @property
    def stdin(self) -> IO[bytes]:
        assert self.process.stdin is not None  # noqa: S101 - asked for as a pipe
        return self.process.stdin

    @property
    def stdout(self) -> IO[bytes]:
        assert self.process.stdout is not None  # noqa: S101 - a pipe unless said otherwise
        return self.process.stdout

    def ended(self, within: float = LAST) -> int | None:
        """Its exit code, None if it still runs after so many seconds."""
        try:
            return self.process.wait(within)
        except subprocess.TimeoutExpired:
            return None

    def said(self) -> str:
        """The last lines of its standard error."""
        self._errors.seek(0)
        return process.tail(self._errors.read().decode(errors="replace"))

    def __enter__(self) -> Running:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        process.end(self.process)
        for stream in (self.process.stdin, self.process.stdout, self._errors):
            if stream is not None:
                stream.close()
