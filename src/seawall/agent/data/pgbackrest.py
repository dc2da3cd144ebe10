"""pgBackRest, as the user that owns the PostgreSQL server: copies of the whole server, and every change since.

It ends with 0 in more than one case in which things are not well (``info`` of a place that does not answer, ``verify``
of a damaged archive in the version of Debian 12), so its answers are read, and what counts is what a recovery comes to.
"""

from __future__ import annotations

import json
import re
import time
from dataclasses import dataclass
from typing import Any

from seawall.agent import process
from seawall.agent.data.vocabulary import Archive
from seawall.agent.errors import CommandFailed, NoSuchBackup, RepositoryFailed

ADMIN = "postgres"
#: Seconds: of what only asks, and of what copies a whole server.
QUICK, LONG = 300, 12 * 3600
#: A whole copy is made each week; between two, only what changed since the last one.
WEEK = 7 * 86400
#: What pgBackRest says of an archive that was made for another server, such as the one on a host that is gone.
ANOTHER = "stanza-upgrade"
#: The status of a repository that could not be looked at (its "info" command, JSON).
UNSEEN = 99
#: What ``verify`` says of what is not whole.
COMPLAINT = re.compile(r"invalid (checksum|size|result)|missing file|status: (error|invalid|manifest missing)|ERROR: ")


@dataclass(frozen=True)
class Until:
    """How far a recovery goes: ``kind`` and ``target`` as pgBackRest's restore has them (``--type``, ``--target``), and
    ``spoken`` in the words of whoever asked."""

    kind: str
    target: str
    spoken: str


#: To the last change that was archived.
END = Until("default", "", "the end of the archive")


def ready(archive: Archive) -> None:
    """Have a place for this server's changes in the archive. Raises RepositoryFailed."""
    try:
        _run(archive, "stanza-create")
    except RepositoryFailed as error:
        if ANOTHER not in error.output:
            raise
        _run(archive, "stanza-upgrade")


def copy(archive: Archive) -> str:
    """Copy the server, whole or what changed since the last time, and remove what is too old; the copy's name.

    Raises RepositoryFailed, also where the server's changes do not come to the archive.
    """
    ready(archive)
    _run(archive, f"--type={'incr' if _is_recent(copies(archive)) else 'full'}", "backup", timeout=LONG)
    return str(copies(archive)[-1]["label"])


def copies(archive: Archive) -> list[dict[str, Any]]:
    """The copies that there are, oldest first. Raises RepositoryFailed."""
    return [one for stanza in _info(archive) for one in stanza.get("backup", [])]


def size(archive: Archive) -> int:
    """The bytes that the server took when it was last copied. Raises RepositoryFailed."""
    return max((int(one["info"]["size"]) for one in copies(archive)[-1:]), default=0)


def kept(archive: Archive) -> int:
    """The bytes that all copies take where they lie. Raises RepositoryFailed."""
    return sum(int(one["info"]["repository"]["delta"]) for one in copies(archive))


def last(archive: Archive, system: int) -> str:
    """The last segment that was archived of a server, by its identifier; "" for none. Raises RepositoryFailed."""
    found = [""]
    for stanza in _info(archive):
        known = {server["id"] for server in stanza.get("db", []) if server["system-id"] == system}
        found += [part["max"] or "" for part in stanza.get("archive", []) if part["database"]["id"] in known]
    return max(found)


def check(archive: Archive) -> None:
    """That there is a copy to begin with which this server's version can run. Raises NoSuchBackup, RepositoryFailed."""
    said = _info(archive)
    versions = {server["id"]: server["version"] for stanza in said for server in stanza.get("db", [])}
    there = [one for stanza in said for one in stanza.get("backup", [])]
    if not there:
        raise NoSuchBackup(
            "the archive holds no copy of the server for a recovery to begin with",
            place=archive.settings,
            state="nothing was changed",
            remedy="`seawall backup now` makes one; what was backed up before is in `seawall backup list`",
        )
    version = versions[there[-1]["database"]["id"]]
    if version != archive.version:
        raise NoSuchBackup(
            f"the archive is one of PostgreSQL {version}, and the server here is {archive.version}: only a server of "
            "the same major version reads it",
            place=archive.settings,
            state="nothing was changed",
            remedy="restore a backup, which newer versions read too: `seawall backup list`",
        )


def damage(archive: Archive) -> list[str]:
    """What is damaged of all there is in the archive, in pgBackRest's words: each file is read, and compared with its
    checksum. A segment that is missing is noticed by a recovery alone.

    Raises RepositoryFailed where it could not be read.
    """
    done = _done(archive, "--log-level-console=info", "verify", timeout=LONG)
    found = [line.strip() for line in done.output.splitlines() if COMPLAINT.search(line)]
    if done.returncode and not found:
        raise _failure(archive, "verify", done)
    return found


def restore(archive: Archive, folder: str, until: Until) -> None:
    """Lay a copy out in ``folder``, set up to go so far when it is started. Raises RepositoryFailed."""
    goal = (f"--target={until.target}", "--target-action=promote") if until.target else ()
    words = (f"--pg1-path={folder}", "--archive-mode=off", f"--type={until.kind}", *goal)
    _run(archive, *words, "restore", timeout=LONG)


def _info(archive: Archive) -> list[dict[str, Any]]:
    """What is in the archive (its manual, "info", JSON). Raises RepositoryFailed, where it cannot be seen too."""
    said: list[dict[str, Any]] = json.loads(_run(archive, "--output=json", "info"))
    for place in (place for stanza in said for place in stanza.get("repo", [])):
        if place["status"]["code"] == UNSEEN:
            raise RepositoryFailed(
                "the archive cannot be looked at",
                place=archive.settings,
                remedy="is its place up, and reachable from the server? pgBackRest's words are below",
                output=place["status"]["message"],
            )
    return said


def _is_recent(there: list[dict[str, Any]]) -> bool:
    """Whether the last whole copy is younger than a week."""
    whole = [one["timestamp"]["stop"] for one in there if one["type"] == "full"]
    return bool(whole) and time.time() - max(whole) < WEEK


def _run(archive: Archive, *words: str, timeout: float = QUICK) -> str:
    done = _done(archive, *words, timeout=timeout)
    if done.returncode:
        raise _failure(archive, words[-1], done)
    return done.stdout


def _done(archive: Archive, *words: str, timeout: float) -> process.Completed:
    argv = ["pgbackrest", f"--config={archive.settings}", f"--stanza={archive.stanza}", *words]
    try:
        return process.run(argv, timeout=timeout, user=ADMIN, cwd="/")
    except CommandFailed as error:
        raise RepositoryFailed(error.fact, place=archive.settings, output=error.output) from error


def _failure(archive: Archive, command: str, done: process.Completed) -> RepositoryFailed:
    return RepositoryFailed(
        f"pgBackRest's {command} failed with exit code {done.returncode}",
        place=archive.settings,
        remedy="its words are below",
        output=process.tail(done.output),
    )
