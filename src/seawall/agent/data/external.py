"""A database on another machine, asked before a release starts: whether it is there, and lets the app do its work.

Three questions, each more than the one before: does it answer, what does it say to anybody, what to the app itself.
The last needs a driver that the app has; where there is none, or an option is another driver's, a note says so.
"""

from __future__ import annotations

import json
import pkgutil
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from seawall.agent import commands
from seawall.agent.data import knocking
from seawall.agent.data.knocking import MYSQL, POSTGRESQL, STATE, Greeting, Target
from seawall.agent.errors import CommandFailed, DatabaseUnfit
from seawall.agent.masking import masker
from seawall.agent.places import Places
from seawall.agent.process import run
from seawall.agent.vocabulary import Release

TIMEOUT = 60  #: seconds that logging in may take, the driver's import with it
#: Older ones lack what drivers need today: SCRAM came with PostgreSQL 10 (its release notes), utf8mb4 as the default
#: row format's with MySQL 5.7, JSON and window functions with MariaDB 10.2 (theirs).
OLDEST = {POSTGRESQL: (10,), MYSQL: (5, 7), "mariadb": (10, 2)}
#: What servers say of a login, in words or by MySQL's number, and what to do. PostgreSQL's drivers keep no code of it.
REFUSALS: tuple[tuple[str, int, str], ...] = (
    ("password authentication failed", 1045, "correct the user or the password in the URL"),
    ("no pg_hba.conf entry", 1130, "allow the user, from this server's address, in the database's own configuration"),
    ("does not exist", 1049, "make the database or the user, or correct its name in the URL"),
    ("permission denied for database", 1044, "let the user in: GRANT CONNECT, or MySQL's GRANT ... ON NAME.*"),
    ("too many", 1040, "free some of its connections, or let it have more"),
    ("certificate verify failed", 2026, "give the URL the authority that signed the certificate: sslrootcert, ssl_ca"),
)


@dataclass(frozen=True)
class External:
    """The check of one release: ``note`` hears what is not wrong but worth knowing."""

    places: Places
    release_id: str
    release: Release
    note: Callable[[str], None]

    def check(self) -> None:
        """Raises DatabaseUnfit with what is wrong."""
        url = self.release.env.get(self.release.external, "")
        try:
            wanted = knocking.target(url)
        except ValueError:
            wanted = None
        if wanted is None:
            self.note(f"{self.release.external} names no kind of database that can be asked: it is not checked")
            return
        greeting = knocking.knock(wanted) if wanted.hosts else None
        if greeting is not None:
            self._encryption(wanted, greeting)
        self._answer(wanted, greeting, self._log_in())

    def _encryption(self, wanted: Target, greeting: Greeting) -> None:
        if wanted.encrypted and not greeting.encrypts:
            raise DatabaseUnfit(
                f"{self.release.external} asks for encryption, and the database at {greeting.place} has none",
                place=greeting.place,
                state=STATE,
                remedy="switch TLS on there; without it the password and all rows can be read on the way",
            )
        if greeting.version:
            _old_enough(greeting.version, wanted.family, greeting.place)

    def _log_in(self) -> Mapping[str, Any]:
        """What the app's own driver hears. Raises DatabaseUnfit where even the program for that fails."""
        at = self.places.release(self.release_id)
        program = pkgutil.get_data("seawall.agent.data", "login.py") or b""
        try:
            done = run(
                [f"{at.venv}/bin/python", "-I", "-", self.release.external],
                timeout=TIMEOUT,
                cwd=str(at.code),
                env=commands.environment(at, self.places, self.release.env),
                user=self.places.layout.user or None,
                input=program,
            )
            answer: Mapping[str, Any] = json.loads(done.stdout)
        except (CommandFailed, ValueError) as error:
            self.note(f"the database of {self.release.external} could not be logged in to for a check: {error}")
            return {}
        return answer

    def _answer(self, wanted: Target, greeting: Greeting | None, said: Mapping[str, Any]) -> None:
        place = greeting.place if greeting else self.release.external
        if "error" in said:
            words = masker(self.release)(str(said["error"]))
            raise DatabaseUnfit(
                f"the database does not let the app in: {_first_line(words)}",
                place=place,
                state=STATE,
                remedy=_remedy(words, int(said["number"])),
                output=words,
            )
        if "version" not in said:
            self.note(f"the app has no driver that could ask its database: only that {place} answers was checked")
            return
        _old_enough(str(said["version"]), wanted.family, place)
        if (self.release.migrate or self.release.setup) and said["read_only"]:
            raise DatabaseUnfit(
                f"the database at {place} is a read-only copy, which no migration can change",
                place=place,
                state=STATE,
                remedy="give the app the URL of the primary",
            )
        if (self.release.migrate or self.release.setup) and wanted.family == POSTGRESQL and not said["creates"]:
            raise DatabaseUnfit(
                "the app's user may not make tables in the database, which its migration needs",
                place=place,
                state=STATE,
                remedy="as the database's owner: GRANT CREATE ON SCHEMA public TO the user of the URL",
            )
        if greeting and not said["encrypted"] and not knocking.is_private(greeting.host):
            self.note(f"what the app says to its database at {place} is not encrypted (sslmode=verify-full, ssl_ca)")


def _old_enough(version: str, family: str, place: str) -> None:
    kind = "mariadb" if "mariadb" in version.lower() else family
    # MariaDB once put 5.5.5- before its version, for clients of before (its documentation, Server Version).
    numbers = tuple(int(part) for part in re.findall(r"\d+", version.replace("5.5.5-", ""))[:2])
    if numbers < OLDEST[kind]:
        oldest = ".".join(str(part) for part in OLDEST[kind])
        raise DatabaseUnfit(
            f"the database at {place} is version {version}, and {oldest} is the oldest that apps can be run with",
            place=place,
            state=STATE,
            remedy="upgrade it, or take another one",
        )


def _remedy(words: str, number: int) -> str:
    for said, code, remedy in REFUSALS:
        if number == code or (not number and said in words):
            return remedy
    return "the words are the database's own"


def _first_line(words: str) -> str:
    return words.strip().splitlines()[0] if words.strip() else "it does not say why"
