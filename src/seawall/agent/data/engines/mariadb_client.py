"""Talking to MariaDB: its own client as a process, statements over its standard input.

Root logs in over the unix socket as itself, so there is no password anywhere; nothing of a statement is in a command
line, where every user of the host could read it.
"""

from __future__ import annotations

import contextlib
import os
import re
import select
import subprocess
import time
from pathlib import Path
from types import TracebackType

from seawall.agent.data.running import Running
from seawall.agent.errors import CommandFailed

#: Seconds that an ordinary statement may take; figures of large tables may take as long as they need.
PATIENCE, FIGURES_PATIENCE = 60.0, 6 * 3600.0
#: The largest row that client and dump pass on; that of the server is the one that counts.
PACKET = "--max-allowed-packet=1G"
#: How batch mode writes what would end a line or a column (mariadb(1), --raw).
ESCAPED = re.compile(r"\\([\\tn0])")
PLAIN = {"\\": "\\", "t": "\t", "n": "\n", "0": "\0"}
#: Rows are not to depend on how somebody has set the server up.
SESSION = "SET SESSION sql_mode = '', time_zone = '+00:00', max_statement_time = 0"


def argv(program: str, socket: str, *options: str) -> list[str]:
    """A call of one of MariaDB's programs, as root, that reads no configuration of anybody's."""
    login = ("--no-defaults", "--user=root", f"--socket={socket}", "--default-character-set=utf8mb4")
    return [program, *login, *options]


def quoted(name: str) -> str:
    """A name of a database, table or column in a statement."""
    return "`" + name.replace("`", "``") + "`"


def pattern(name: str) -> str:
    """A name as a pattern that only it matches: in a GRANT, ``_`` stands for any character."""
    return name.replace("_", "\\_").replace("%", "\\%")


def literal(text: str) -> str:
    """A text in a statement, whatever it holds."""
    return f"_utf8mb4 X'{text.encode().hex()}'"


class Client:
    """One connection to the server. What a statement refuses is raised as CommandFailed, and ends the connection."""

    def __init__(self, socket: str, database: str = "") -> None:
        options = ("--batch", "--skip-column-names", "--unbuffered", *((f"--database={database}",) if database else ()))
        self._socket = socket
        self._mark = os.urandom(8).hex()
        self._rest = b""
        self._program = Running(argv("mariadb", socket, *options), stdin=subprocess.PIPE)

    def __enter__(self) -> Client:
        try:
            self.ask(SESSION)
        except BaseException:
            self._program.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._program.__exit__(kind, error, trace)

    def ask(self, *statements: str, timeout: float = PATIENCE) -> list[list[str]]:
        """The rows that the statements answer, their values as text; NULL is ``NULL``. Raises CommandFailed."""
        text = "".join(f"{statement};\n" for statement in (*statements, f"SELECT '{self._mark}'"))
        with contextlib.suppress(BrokenPipeError):  # the answer says why
            self._program.stdin.write(text.encode())
        rows: list[list[str]] = []
        deadline = time.monotonic() + timeout
        while (line := self._line(deadline)) != self._mark:
            rows.append([ESCAPED.sub(lambda match: PLAIN[match[1]], value) for value in line.split("\t")])
        return rows

    def _line(self, deadline: float) -> str:
        answers = self._program.stdout
        while b"\n" not in self._rest:
            if not select.select([answers], [], [], max(0.0, deadline - time.monotonic()))[0]:
                raise CommandFailed("MariaDB did not answer in time", place=self._socket)
            data = os.read(answers.fileno(), 65536)
            if not data:
                self._program.ended()
                raise CommandFailed(
                    f"MariaDB: {complaint(self._program.said()) or 'the connection ended'}", place=self._socket
                )
            self._rest += data
        line, self._rest = self._rest.split(b"\n", 1)
        return line.decode(errors="surrogateescape")


def complaint(said: str) -> str:
    """What a program has complained of: its last error, without the statement, which may hold a secret or data; "" if
    of nothing."""
    told = [line for line in said.splitlines() if re.match(r"ERROR |.*: (Got error|Couldn't|Error)", line)]
    return told[-1].split(" near '")[0] if told else ""


def socket_of(path: str) -> str:
    """The server's socket, if it is there. Raises CommandFailed."""
    if not Path(path).is_socket():
        raise CommandFailed("MariaDB does not run", place=path, remedy="`systemctl status mariadb` says why")
    return path
