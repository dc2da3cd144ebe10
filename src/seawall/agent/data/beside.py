"""A backup restored beside the live data and compared with its manifest: restores and drills begin alike."""

from __future__ import annotations

import os
import re
from pathlib import Path

from seawall.agent.data.engines import Engine
from seawall.agent.data.figures import compare, compare_files, of_files
from seawall.agent.data.manifest import DatabasePart, FilesPart
from seawall.agent.data.places import DataPlaces
from seawall.agent.data.source import Bytes, Source
from seawall.agent.errors import LoadFailed, NotAsBackedUp
from seawall.agent.files import remove_tree

#: What scratch databases and folders are made for, as part of their names.
RESTORE, DRILL = "restore", "drill"
#: The longest beginning of a scratch database's name, characters: the whole must fit in 63 (PostgreSQL).
LONGEST = 30
#: How many differences an error lists.
LISTED = 20


def scratch_name(database: str, purpose: str, backup: str) -> str:
    """What the database is called that this backup is restored into."""
    return f"{database[:LONGEST]}_{purpose}_{backup.replace('-', '_')}"


def drop_scratches(engine: Engine, database: str, purpose: str) -> None:
    """Remove what a run that was cut off has left; nothing of another name, however alike."""
    prefix = f"{database[:LONGEST]}_{purpose}_"
    for name in engine.names(prefix):
        if re.fullmatch(r"\d{8}_\d{6}\w{0,4}", name[len(prefix) :]):
            engine.drop(name)


def scratch_folder(base: str, purpose: str) -> Path:
    """Where files are restored to: on the disk of the app's folders, and root's alone."""
    return DataPlaces(Path(base)).folder / f"{purpose}.scratch"


def load(engine: Engine, source: Source, part: DatabasePart, name: str) -> None:
    """Restore the database into a new one of this name, and compare.

    Raises LoadFailed, NotAsBackedUp, RepositoryFailed; the new one may be there then, for the caller to drop.
    """
    refusal = engine.refusal(part.version)
    if refusal:
        raise LoadFailed(refusal, state="nothing was changed", remedy="restore it on a host with a newer server")
    engine.drop(name)
    engine.create(name)
    with source.dump(part) as dump:
        _feed(engine, dump, name)
    _must_equal("database", compare(part.figures, engine.figures(name)), source)


def new_folder(folder: Path) -> None:
    """An empty folder that is root's alone."""
    remove_tree(str(folder))
    folder.mkdir(mode=0o700)


def unpack(source: Source, part: FilesPart, target: Path) -> None:
    """Restore the files below a folder, and compare. Raises NotAsBackedUp, RepositoryFailed."""
    source.files(part, str(target))
    _must_equal("files", compare_files(part.hashes, of_files(part.folders, str(target))), source)


def give(folder: Path, uid: int, gid: int) -> None:
    """Let all that belonged to the owner of ``folder`` belong to this user: its number was another where the backup
    was made."""
    was = folder.lstat()
    if (was.st_uid, was.st_gid) == (uid, gid):
        return
    paths = [folder, *(Path(root, name) for root, folders, files in os.walk(folder) for name in (*folders, *files))]
    for path in paths:
        status = path.lstat()
        os.lchown(path, uid if status.st_uid == was.st_uid else -1, gid if status.st_gid == was.st_gid else -1)


def _feed(engine: Engine, dump: Bytes, name: str) -> None:
    try:
        engine.load(dump.stream, name)
    except LoadFailed:
        if not dump.stream.read(1):  # it came to its end, and perhaps too early: the cause is told, not what it led to
            dump.finish()
        raise
    dump.finish()


def _must_equal(what: str, differences: list[str], source: Source) -> None:
    if not differences:
        return
    more = [f"… and {len(differences) - LISTED} more"] if len(differences) > LISTED else []
    raise NotAsBackedUp(
        f"the {what} restored from backup {source.manifest.id} {'is' if what == 'database' else 'are'} not what was "
        "backed up",
        place=source.manifest.id,
        state="the live data is as it was",
        remedy="what differs is below; `seawall backup list` shows the other backups, and `seawall drill` proves one",
        output="\n".join([*differences[:LISTED], *more]),
    )
