"""One session with PostgreSQL that keeps its snapshot: psql at the other end of two pipes."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Mapping, Sequence
from types import TracebackType

from seawall.agent.data.engines import postgresql_sql as sql
from seawall.agent.data.engines.pace import Pace
from seawall.agent.data.figures import TableFigures, figures_from_wire
from seawall.agent.data.running import Running
from seawall.agent.errors import DumpFailed

#: Said by psql itself when all that was asked before has been answered.
END = b"end\n"
#: How often a point is set at which no transaction is under way, and seconds between two tries.
TRIES, PAUSE = 100, 0.02


class Session:
    """A transaction that sees the database as it was when it began; what it counts, it counts while others work.

    ``snapshot`` is the name by which pg_dump may see the very same (pg_dump(1), ``--snapshot``). Raises DumpFailed.
    """

    def __init__(self, psql: Sequence[str], env: Mapping[str, str], user: str, pace: Pace | None = None) -> None:
        self._running = Running(psql, user=user, env=env, stdin=subprocess.PIPE)
        self._figures: dict[str, list[object]] = {}
        try:
            self.snapshot = self._begin()
            self._say(sql.tables_figures(pace) + sql.SCHEMA_FIGURES + "\\echo end\n")
        except BaseException:
            self.close()
            raise

    def figures(self) -> dict[str, TableFigures]:
        """Waits until all is counted. Raises DumpFailed."""
        while (line := self._running.stdout.readline()) != END:
            self._take(line)
        return figures_from_wire(self._figures)

    def close(self) -> None:
        self._running.__exit__(None, None, None)

    def __enter__(self) -> Session:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _begin(self) -> str:
        self._say(sql.FIXED + sql.BEGIN + sql.COUNTERS + sql.SNAPSHOT)
        return self._next_word()

    def _next_word(self) -> str:
        """The next answer that is one word; figures on the way are taken."""
        while True:
            answer = self._take(self._running.stdout.readline())
            if len(answer) == 1:
                return str(answer[0])

    def _take(self, line: bytes) -> list[object]:
        if not line:
            self._running.ended()
            raise DumpFailed("the figures of the database could not be taken", output=self._running.said())
        answer: list[object] = json.loads(line)
        if len(answer) > 1:
            self._figures[str(answer[0])] = answer[1:]
        return answer

    def _say(self, script: str) -> None:
        """The server may have ended the session: what it said then is told where its answer is missed."""
        try:
            self._running.stdin.write(script.encode())
        except BrokenPipeError:
            return


class PointSession(Session):
    """Such a transaction that has also set a point in the server's log, to which a recovery may go. ``point`` is its
    name (PostgreSQL's documentation, 9.27.3, pg_create_restore_point).

    ``seen`` says which transactions the session sees (8.21, pg_snapshot). One that is just being written to the disk
    may come before the point and not be seen yet; so a moment is waited for when there is none under way.
    """

    def __init__(self, psql: Sequence[str], env: Mapping[str, str], user: str, name: str) -> None:
        self._name = name
        self.point = self.seen = ""
        super().__init__(psql, env, user)

    def __enter__(self) -> PointSession:
        return self

    def _begin(self) -> str:
        self._say(sql.FIXED + sql.COUNTERS)
        for number in range(1, TRIES + 1):
            self.point = f"{self._name} {number}"
            self._say(sql.BEGIN + sql.point(self.point))
            self.seen = self._next_word()
            if self.seen.endswith(":"):
                break
            if number < TRIES:
                self._say("ROLLBACK;\n")
                time.sleep(PAUSE)
        self._say(sql.SNAPSHOT)
        return self._next_word()
