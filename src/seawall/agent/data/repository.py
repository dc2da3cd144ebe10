"""The repository of an app's backups: snapshots of restic, and the backups that they make up.

A backup is up to four snapshots with the same tag ``backup=ID``; the one with the manifest is made last, and without it
the rest is nothing. Which backup is which is told by the tags alone, so that a list costs one question.
"""

from __future__ import annotations

import json
import os
import re
import socket
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from seawall.agent.data import manifest
from seawall.agent.data.manifest import Manifest
from seawall.agent.data.restic import DAMAGED, LONGEST, Restic
from seawall.agent.data.saving import Saved, Saving, Stream, summary_of
from seawall.agent.errors import BackupIncomplete, NoSuchBackup, RepositoryDamaged, RepositoryLocked, RepositoryMissing

#: Every snapshot of seawall's has it; others in the same repository are left alone.
TAG = "seawall"
#: Of a prune: how much is written anew at most, so that it is bounded (restic's manual, "Customize pruning").
MOST_REPACKED = "2G"
#: Seconds for a list of what there is, which reads an index that may be large.
LISTING = 600


@dataclass(frozen=True)
class Snapshot:
    """One of restic's: its id, the paths in it, the tags it has."""

    id: str
    host: str
    paths: tuple[str, ...]
    tags: tuple[str, ...]

    def tag(self, name: str) -> str:
        """The value of the tag NAME=VALUE, "" if there is none."""
        return next((tag.partition("=")[2] for tag in self.tags if tag.startswith(f"{name}=")), "")


@dataclass(frozen=True)
class Backup:
    """A whole backup. ``id`` is when it was begun, in UTC; ``bytes`` what it holds, before restic made it smaller."""

    id: str
    host: str
    bytes: int
    manifest: str
    snapshots: tuple[str, ...]


@dataclass(frozen=True)
class Store:
    """One app's backups in a repository."""

    restic: Restic
    app: str

    # --- looking

    def open(self) -> None:
        """Raises RepositoryMissing, or why else it cannot be used."""
        self.restic.run("cat", "config", "--no-lock")

    def open_or_make(self) -> bool:
        """Make the repository if there is none yet; whether it was made. Raises RepositoryFailed."""
        try:
            self.open()
        except RepositoryMissing:
            self.restic.run("init")
            return True
        return False

    def snapshots(self) -> list[Snapshot]:
        """All of the app's, also those that belong to no whole backup. Raises RepositoryFailed."""
        words = ("snapshots", "--json", "--no-lock", "--tag", f"{TAG},app={self.app}")
        done = self.restic.attempt(*words, timeout=LISTING)
        if (
            done.returncode != 0 or "could not load" in done.stderr
        ):  # restic leaves out what it cannot read, and is content
            raise self.restic.failure(done.stderr)
        return [_snapshot(one) for one in json.loads(done.stdout or "[]") or []]

    def backups(self) -> list[Backup]:
        """The whole backups, oldest first. Raises RepositoryFailed."""
        return whole(self.snapshots())

    def manifest(self, backup: Backup) -> Manifest:
        """What a backup says of itself. Raises RepositoryFailed."""
        return manifest.from_bytes(self.restic.run("dump", backup.manifest, manifest.MANIFEST).encode())

    # --- saving

    def saving(self, stream: str, tags: Sequence[str]) -> Saving:
        """A snapshot of what will be written to it, under the path ``stream``."""
        return Saving(self.restic, ("backup", "--json", *self._tags(tags), "--stdin", "--stdin-filename", stream))

    def save_text(self, path: str, content: bytes, tags: Sequence[str]) -> Saved:
        """A snapshot of some bytes. Raises RepositoryFailed."""
        with self.saving(path, tags) as saving:
            saving.write(content)
            return saving.finish()

    def save_folders(
        self, folders: Sequence[str], excluded: Sequence[str], tags: Sequence[str], hear: Callable[[int], None]
    ) -> Saved:
        """A snapshot of folders, without the paths ``excluded``; ``hear`` gets the bytes done so far.

        Files that go while they are read are no fault. Raises BackupIncomplete for those that cannot be read.
        """
        patterns = [word for path in excluded for word in ("--exclude", _literally(path))]
        words = ("backup", "--json", *self._tags(tags), *patterns, "--", *folders)
        done = self.restic.attempt(*words, timeout=LONGEST, on_line=lambda line: hear(_bytes_done(line)))
        if done.returncode not in (0, 3):
            raise self.restic.failure(done.stderr)
        unread = [path for line in done.stderr.splitlines() if (path := _unread(line))] if done.returncode else []
        if unread:
            raise BackupIncomplete(
                "some of the app's files could not be read",
                place=", ".join(folders),
                state="the backup was not made",
                remedy="the files are named below; see to their disk, or to who may read them",
                output="\n".join(unread[:20]),
            )
        return summary_of(done.stdout)

    def _tags(self, tags: Sequence[str]) -> list[str]:
        words = ["--host", this_host()]
        return [*words, *(word for tag in (TAG, f"app={self.app}", *tags) for word in ("--tag", tag))]

    # --- reading

    def read(self, snapshot: str, path: str) -> Stream:
        """The bytes of one file of a snapshot, as they come."""
        return Stream(self.restic, ("dump", snapshot, path))

    def restore(self, snapshot: str, target: str, timeout: float = LONGEST) -> None:
        """All of a snapshot, under the folder ``target``. Raises RepositoryFailed."""
        self.restic.run("restore", snapshot, "--target", target, timeout=timeout)

    def check(self, part: str) -> None:
        """Compare the repository's own lists, and ``part`` of what it holds, such as ``5%``, with their hashes.

        Raises RepositoryDamaged.
        """
        done = self.restic.attempt("check", f"--read-data-subset={part}", timeout=LONGEST)
        if done.returncode != 0:
            error = self.restic.failure(done.output)
            if isinstance(error, RepositoryLocked):
                raise error
            raise RepositoryDamaged("the repository is damaged", place=error.place, remedy=DAMAGED, output=error.output)

    # --- removing

    def forget(self, snapshots: Iterable[str]) -> None:
        """Remove snapshots; what they alone held is still there until :meth:`prune`. Raises RepositoryFailed."""
        ids = list(snapshots)
        if ids:
            self.restic.run("forget", *ids, timeout=LISTING)

    def prune(self, timeout: float) -> None:
        """Remove what no snapshot holds any more. Raises RepositoryFailed."""
        self.restic.run("prune", "--max-repack-size", MOST_REPACKED, timeout=timeout)

    def unlock(self) -> None:
        """Remove the locks of programs that are gone: of this host's at once, of others' after half an hour."""
        self.restic.run("unlock")


def this_host() -> str:
    """What this host is called among those that share a repository, and by restic in its locks."""
    return socket.gethostname()


def whole(snapshots: Iterable[Snapshot]) -> list[Backup]:
    """The backups that have their manifest, oldest first."""
    by_id: dict[tuple[str, str], list[Snapshot]] = {}
    for snapshot in snapshots:
        by_id.setdefault((snapshot.tag("backup"), snapshot.host), []).append(snapshot)
    found = []
    for (identity, _), parts in by_id.items():
        last = [part for part in parts if part.paths == (manifest.MANIFEST,)]
        if identity and last:
            size = last[0].tag("bytes")
            ids = tuple(part.id for part in parts)
            found.append(Backup(identity, last[0].host, int(size or 0), last[0].id, ids))
    return sorted(found, key=lambda backup: (backup.id, backup.host))


def fragments(snapshots: Iterable[Snapshot]) -> list[Snapshot]:
    """Those of backups without a manifest: what a run that was cut off has left."""
    every = list(snapshots)
    kept = {(backup.id, backup.host) for backup in whole(every)}
    return [snapshot for snapshot in every if (snapshot.tag("backup"), snapshot.host) not in kept]


def find(backups: Sequence[Backup], wanted: str = "") -> Backup:
    """The backup of this id, or the newest. Raises NoSuchBackup."""
    for backup in reversed(backups):
        if wanted in ("", backup.id):
            return backup
    known = ", ".join(backup.id for backup in backups[-5:])
    raise NoSuchBackup(
        f"there is no backup {wanted}" if wanted else "there is no backup yet",
        state="nothing was changed",
        remedy=f"the latest are {known}; `seawall backup list` has all" if known else "`seawall backup now` makes one",
    )


def _snapshot(one: dict[str, Any]) -> Snapshot:
    return Snapshot(str(one["id"]), str(one["hostname"]), tuple(one["paths"]), tuple(one.get("tags") or ()))


def _bytes_done(line: str) -> int:
    try:
        return int(json.loads(line).get("bytes_done", 0))
    except (ValueError, TypeError, AttributeError):
        return 0


def _unread(line: str) -> str:
    """The path that restic says here it could not read, though it is there all the same; "" for none."""
    try:
        path = str(json.loads(line)["item"])
    except (ValueError, TypeError, KeyError):
        return ""
    return path if os.path.lexists(path) else ""


def _literally(path: str) -> str:
    """A pattern that matches this path alone (Go's filepath.Match)."""
    return re.sub(r"([\\*?\[])", r"\\\1", path)
