"""Asking the host's own PostgreSQL as its owner, whom it knows by the rights of the process (``peer``)."""

from __future__ import annotations

from pathlib import Path

from seawall.agent import process
from seawall.agent.errors import CheckRefused

ADMIN = "postgres"
#: Where Debian has the programs of each version.
VERSIONS = Path("/usr/lib/postgresql")
TIMEOUT = 60  #: seconds
#: No file of the administrator's is read; an error ends it, and is told without the statement it is in.
_OPTIONS = ("-X", "-q", "-A", "-t", "-F", "\t", "-v", "ON_ERROR_STOP=1", "-v", "VERBOSITY=terse", "-d", ADMIN)

#: Whether it could read its files as they now are (PostgreSQL's documentation, 54.8, pg_file_settings; 54.10,
#: pg_hba_file_rules). What names no file is a setting that has gone from them, and waits for a restart.
ERRORS = (
    "SELECT sourcefile, sourceline, concat(name, ': ', error) FROM pg_file_settings"
    " WHERE error IS NOT NULL AND error <> 'setting could not be applied' AND sourcefile IS NOT NULL;"
    "SELECT current_setting('hba_file'), line_number, error FROM pg_hba_file_rules WHERE error IS NOT NULL;"
)


def ask(statements: str, port: int = 5432, timeout: float = TIMEOUT) -> list[list[str]]:
    """The rows of what is asked, each a list of texts. Statements go by standard input, where no other user sees them.
    It may take ``timeout`` seconds.

    Raises CommandFailed with the server's own words.
    """
    done = process.check(
        [_program(), *_OPTIONS, "-p", str(port)],
        timeout=timeout,
        cwd="/",
        user=ADMIN,
        input=statements,
        env={"PGCONNECT_TIMEOUT": "10"},
    )
    return [line.split("\t") for line in done.stdout.splitlines()]


def _program() -> str:
    """The newest client. Debian's own ``psql`` is a Perl program that looks for it (pg_wrapper(1)), which takes longer
    than the question."""
    found = {path.parts[-3]: path for path in VERSIONS.glob("[0-9]*/bin/psql")}
    newest = max(found, key=lambda version: [int(number) for number in version.split(".")], default="")
    return str(found.get(newest, "psql"))


def check_files() -> None:
    """Raises CheckRefused for files of settings or of rights that the server could not read, as it says itself."""
    wrong = ask(ERRORS)
    if wrong:
        place, line, reason = wrong[0]
        raise CheckRefused(
            f"PostgreSQL refused its configuration: {reason}",
            place=f"{place}:{line}",
            state="every file is back as it was",
            remedy=f"correct line {line} of {place} on the host, then run it again",
        )


def runs(version: str) -> bool:
    """Whether Debian's cluster ``VERSION/main`` is up, by the file that names its main process."""
    try:
        pid = Path(f"/run/postgresql/{version}-main.pid").read_text().split()[0]
    except (OSError, IndexError):
        return False
    return Path("/proc", pid).exists()


def is_there(version: str) -> bool:
    """Whether the host has such a cluster."""
    return Path(f"/etc/postgresql/{version}/main/postgresql.conf").exists()


def name(text: str) -> str:
    """An identifier of SQL, quoted (PostgreSQL's documentation, 4.1.1)."""
    return '"' + text.replace('"', '""') + '"'


def text(value: str) -> str:
    """A string of SQL, quoted (4.1.2.1)."""
    return "'" + value.replace("'", "''") + "'"
