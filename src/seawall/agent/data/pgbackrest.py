"""pgBackRest, as the user that owns the PostgreSQL server: copies of the whole server, and every change since.

It ends with 0 in more than one case in which things are not well (its `verify` on a damaged archive), so what counts is
what a recovery comes to.
"""

from __future__ import annotations

import json
import time
from typing import Any

from seawall.agent import process
from seawall.agent.data.vocabulary import Archive
from seawall.agent.errors import CommandFailed, RepositoryFailed

ADMIN = "postgres"
#: Seconds: of what only asks, and of what copies a whole server.
QUICK, LONG = 300, 12 * 3600
#: A whole copy is made each week; between two, only what changed since the last one.
WEEK = 7 * 86400
#: What pgBackRest says of an archive that was made for another server, such as the one on a host that is gone.
ANOTHER = "stanza-upgrade"


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
    """The copies that there are, oldest first (its manual, "info", JSON). Raises RepositoryFailed."""
    said = json.loads(_run(archive, "--output=json", "info"))
    return [one for stanza in said for one in stanza.get("backup", [])]


def restore(archive: Archive, folder: str, target: str) -> None:
    """Lay a copy out in ``folder``, set up to come to ``target`` when it is started; "" is the archive's end.

    ``target`` is a moment as PostgreSQL reads it. Raises RepositoryFailed.
    """
    until = ("--type=time", f"--target={target}", "--target-action=promote") if target else ("--type=default",)
    _run(archive, f"--pg1-path={folder}", "--archive-mode=off", *until, "restore", timeout=LONG)


def _is_recent(there: list[dict[str, Any]]) -> bool:
    """Whether the last whole copy is younger than a week."""
    whole = [one["timestamp"]["stop"] for one in there if one["type"] == "full"]
    return bool(whole) and time.time() - max(whole) < WEEK


def _run(archive: Archive, *words: str, timeout: float = QUICK) -> str:
    argv = ["pgbackrest", f"--config={archive.settings}", f"--stanza={archive.stanza}", *words]
    try:
        done = process.run(argv, timeout=timeout, user=ADMIN, cwd="/")
    except CommandFailed as error:
        raise RepositoryFailed(error.fact, place=archive.settings, output=error.output) from error
    if done.returncode:
        raise RepositoryFailed(
            f"pgBackRest's {words[-1]} failed with exit code {done.returncode}",
            place=archive.settings,
            remedy="its words are below",
            output=process.tail(done.output),
        )
    return done.stdout
