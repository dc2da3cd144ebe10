"""Whether a migration command can have anything to do: a snapshot of a large database is not made for nothing.

It has nothing to do only if everything is as it was when it last succeeded: the command, the database with its schema
and the revision that it has noted, the requirements, the variables, and the files that it goes by. Of those only
Alembic's are known: its folders of revisions, which nothing outside of them adds to. For any other command it is every
file of the release.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from seawall.agent.data.schemas import Schema
from seawall.agent.data.vocabulary import Database
from seawall.agent.files import write_atomic
from seawall.agent.vocabulary import Entry, Release, to_wire

#: ``flask db upgrade`` and ``alembic upgrade``, up to the newest revision; a command with more in it is not judged.
ALEMBIC = re.compile(r"(flask( -A \S+| --app[ =]\S+)?|python3? -m flask) db upgrade|alembic( -c \S+)? upgrade heads?")
#: A setting of Alembic that has revisions lie elsewhere (https://alembic.sqlalchemy.org/en/latest/branches.html).
ELSEWHERE = re.compile(rb"^\s*version_(locations|path_separator)\s*=", re.M)
SETTINGS = ("alembic.ini", "pyproject.toml")


def mark(release: Release, code: Path, database: Database, schema: Schema) -> str:
    """A digest of all that a migration's success depends on."""
    known = _alembic_files(release, code)
    data = {
        "command": release.migrate,
        "database": [database.kind, database.name, database.path],
        "schema": schema,
        "requirements": to_wire(release.requirements),
        "env": dict(release.env),
        "files": [[entry.path, entry.sha256, entry.target] for entry in (known or release.entries)],
        "persist": sorted(release.persist),
    }
    listed = _requirement_files(release)
    text = json.dumps([data, [[entry.path, entry.sha256] for entry in listed]], sort_keys=True)
    return hashlib.sha256(text.encode(errors="surrogateescape")).hexdigest()


def read_mark(path: Path) -> str:
    """The mark of the last migration that succeeded; "" if there is none."""
    try:
        return path.read_text()
    except FileNotFoundError:
        return ""


def write_mark(path: Path, text: str) -> None:
    write_atomic(str(path), text.encode(), 0o600)


def _alembic_files(release: Release, code: Path) -> Sequence[Entry]:
    """The files of Alembic's folders, and its settings; none if it may have others."""
    if not ALEMBIC.fullmatch(release.migrate.strip()):
        return ()
    paths = {entry.path: PurePosixPath(entry.path) for entry in release.entries}
    folders = {at.parent for at in paths.values() if at.name == "env.py" and str(at.parent / "script.py.mako") in paths}
    settings = [entry for entry in release.entries if paths[entry.path].name in SETTINGS]
    if not folders or any(ELSEWHERE.search(_read(code / entry.path)) for entry in settings):
        return ()
    return [e for e in release.entries if e in settings or folders & set(paths[e.path].parents)]


def _requirement_files(release: Release) -> Sequence[Entry]:
    """What the requirements name by path; files that they include in turn are beside it and called alike."""
    top = PurePosixPath(release.requirements.path)
    return [e for e in release.entries if release.requirements.path and PurePosixPath(e.path).suffix == top.suffix]


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""
