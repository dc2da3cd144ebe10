"""Changes that can be taken back, also by another process after this one was killed.

Before anything is touched, what is there goes into a log on disk, durably. Taking back replays the log from its end;
each entry sets a state rather than a step, so it may be replayed as often as it takes. Installed packages and created
users are not in the log: they stay, and do no harm.
"""

from __future__ import annotations

import binascii
import grp
import json
import os
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

from seawall.agent import files, process
from seawall.agent.errors import AgentError, NeedsPerson
from seawall.agent.files import ABSENT, DIRECTORY, FILE, LINK, Found

#: The kinds of entries: a file or link, a folder without its content, a folder with all it holds, a user in a group,
#: something that a kind of resource alone knows how to put back, "all is well".
PATH, FOLDER, TREE, MEMBER, STATE, DONE = "path", "folder", "tree", "member", "state", "done"


@dataclass(frozen=True)
class Entry:
    """What was at ``path``, and the temporary names that may be left beside it; of a member, user and group; of a
    state, ``user`` is whose it was, ``path`` the module of resources that knows it, and ``was`` has it as content."""

    kind: str
    path: str = ""
    was: Found = field(default_factory=lambda: Found(ABSENT))
    beside: str = ""
    aside: str = ""
    user: str = ""
    group: str = ""


class UndoLog:
    """The log in ``folder`` and the changes that go through it.

    Opening it reads what an earlier process left there; new changes are added to that. Whoever opens a log that is
    not :attr:`empty` decides: :meth:`roll_back` or :meth:`forget`. Every method may raise DiskFull or OSError.
    """

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._path = str(Path(folder) / "log")
        self._entries, self._end = _read(self._path)
        if self._entries and self._entries[-1].kind == DONE:
            self._clear()

    @classmethod
    def load(cls, folder: str) -> UndoLog:
        """The log an earlier process left."""
        return cls(folder)

    @property
    def empty(self) -> bool:
        """Whether there is nothing to take back."""
        return not self._entries

    # --- changes

    def write_file(self, path: str, data: bytes, mode: int, uid: int = -1, gid: int = -1) -> None:
        """Write a whole file, making the folders above it where they are missing."""
        self._make_parents(path)
        beside = files.temporary(path)
        self._record(Entry(PATH, path, files.look(path), beside))
        files.write_atomic(path, data, mode, uid, gid, beside=beside)

    def keep(self, path: str) -> None:
        """Remember a file that another program is about to write."""
        self._record(Entry(PATH, path, files.look(path), files.temporary(path)))

    def make_link(self, path: str, target: str) -> None:
        """Make ``path`` a link to ``target``, making the folders above it where they are missing."""
        self._make_parents(path)
        beside = files.temporary(path)
        self._record(Entry(PATH, path, files.look(path), beside))
        files.replace_link(path, target, beside=beside)

    def remove(self, path: str) -> None:
        """Remove a file or a link."""
        self._record(Entry(PATH, path, files.look(path), files.temporary(path)))
        files.remove(path)

    def make_directory(self, path: str, mode: int, uid: int = -1, gid: int = -1) -> None:
        """Make a folder, or give the one that is there this mode and owner.

        Taking back removes a folder made here only if it is empty by then: what others put there is theirs.
        """
        self._make_parents(path)
        found = _look_through(path)
        self._record(Entry(FOLDER, path, found))
        if found.kind == ABSENT:
            with files.disk_full(path):
                Path(path).mkdir(0o700)
            files.fsync_directory(str(Path(path).parent))
        _set_rights(path, mode, uid, gid)

    def replace_tree(self, path: str, build: Callable[[str], None]) -> None:
        """Put the folder that ``build(place)`` makes at ``place`` to ``path``; :meth:`forget` removes the old one."""
        self._make_parents(path)
        fresh, aside = files.temporary(path), files.temporary(path)
        was = files.look(path)
        self._record(Entry(TREE, path, Found(was.kind), fresh, aside))
        build(fresh)
        files.sync_filesystem(str(Path(path).parent))
        if was.kind != ABSENT:
            Path(path).rename(aside)
        Path(fresh).rename(path)
        files.fsync_directory(str(Path(path).parent))

    def join_group(self, user: str, group: str) -> None:
        """Add a user to a group they are not in. Raises CommandFailed."""
        self._record(Entry(MEMBER, user=user, group=group))
        process.check(["usermod", "--append", "--groups", group, user], timeout=120)

    def keep_state(self, module: str, name: str, state: str) -> None:
        """Remember a state that is no file; ``put_back(name, state)`` of that module of resources brings it back."""
        self._record(Entry(STATE, module, Found(FILE, state.encode()), user=name))

    def _make_parents(self, path: str) -> None:
        parent = Path(path).parent
        if not parent.exists():
            self.make_directory(str(parent), 0o755)

    # --- and back

    def roll_back(self) -> None:
        """Put everything back as it was, the last change first, and empty the log.

        Raises NeedsPerson, after having put back all it could, naming what it could not; the log is kept then.
        """
        troubles = [trouble for entry in reversed(self._entries) if (trouble := _try_to_restore(entry))]
        if troubles:
            raise NeedsPerson(
                f"Not everything could be put back: {'; '.join(troubles)}",
                place=self._path,
                state="everything else is as it was; what was there before is kept in the log",
                remedy="remove the cause and run the command again: it goes on putting back first",
            )
        self._delete()

    def forget(self) -> None:
        """Keep everything as it is now, and empty the log. Killed in the middle, the next to open it finishes."""
        if self._entries:
            self._record(Entry(DONE))
            self._clear()

    def _clear(self) -> None:
        for entry in self._entries:
            if entry.kind == TREE:
                files.remove_tree(entry.aside)
        self._delete()

    def _delete(self) -> None:
        files.remove(self._path)
        self._entries, self._end = [], 0

    def _record(self, entry: Entry) -> None:
        line = json.dumps(_to_json(entry)).encode() + b"\n"
        with files.disk_full(self._path):
            if not Path(self._folder).is_dir():
                Path(self._folder).mkdir(0o700, parents=True)
            descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
            with os.fdopen(descriptor, "wb") as log:
                log.truncate(self._end)  # drops a line that an earlier process began and never ended
                log.seek(self._end)
                log.write(line)
                log.flush()
                os.fsync(descriptor)
            if not self._entries:
                files.fsync_directory(self._folder)
                files.fsync_directory(str(Path(self._folder).parent))
        self._entries.append(entry)
        self._end += len(line)


def _read(path: str) -> tuple[list[Entry], int]:
    """The entries and where the last whole one ends: one cut short was never acted upon."""
    try:
        data = Path(path).read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return [], 0
    whole = data[: data.rfind(b"\n") + 1]
    try:
        return [_from_json(json.loads(line)) for line in whole.splitlines()], len(whole)
    except (ValueError, TypeError, KeyError) as error:
        raise NeedsPerson(
            f"The undo log cannot be read: {error}",
            place=path,
            remedy="look at the files it names, put them right, then delete it",
        ) from error


def _to_json(entry: Entry) -> dict[str, Any]:
    data = asdict(entry)
    data["was"]["content"] = binascii.b2a_base64(entry.was.content, newline=False).decode()
    return data


def _from_json(data: dict[str, Any]) -> Entry:
    was = data.pop("was")
    return Entry(**data, was=Found(**{**was, "content": binascii.a2b_base64(was["content"])}))


def _try_to_restore(entry: Entry) -> str:
    """Put one entry back; the answer says what went wrong, "" if nothing did."""
    try:
        _RESTORE[entry.kind](entry)
    except AgentError as error:
        return error.fact
    except OSError as error:
        return f"{entry.path}: {error.strerror}"
    return ""


def _restore_path(entry: Entry) -> None:
    was = entry.was
    files.remove(entry.beside)
    if _same(files.look(entry.path), was):
        return
    if was.kind == FILE:
        files.write_atomic(entry.path, was.content, was.mode, was.uid, was.gid, beside=entry.beside)
    elif was.kind == LINK:
        files.replace_link(entry.path, was.target, was.uid, was.gid, beside=entry.beside)
    else:
        files.remove(entry.path)


def _same(now: Found, was: Found) -> bool:
    return (now.kind, now.content, now.target, now.mode, now.uid, now.gid) == (
        was.kind,
        was.content,
        was.target,
        was.mode,
        was.uid,
        was.gid,
    )


def _restore_folder(entry: Entry) -> None:
    if entry.was.kind == DIRECTORY:
        _set_rights(entry.path, entry.was.mode, entry.was.uid, entry.was.gid)
        return
    place = Path(entry.path)
    if place.is_dir() and not any(place.iterdir()):
        place.rmdir()
        files.fsync_directory(str(place.parent))


def _restore_tree(entry: Entry) -> None:
    files.remove_tree(entry.beside)
    if entry.was.kind == ABSENT:
        files.remove_tree(entry.path)
    elif os.path.lexists(entry.aside):
        files.remove_tree(entry.path)
        Path(entry.aside).rename(entry.path)
    if Path(entry.path).parent.is_dir():
        files.fsync_directory(str(Path(entry.path).parent))


def _restore_member(entry: Entry) -> None:
    try:
        members = grp.getgrnam(entry.group).gr_mem
    except KeyError:
        return
    if entry.user in members:
        process.check(["gpasswd", "--delete", entry.user, entry.group], timeout=120)


def _restore_state(entry: Entry) -> None:
    import_module(f"seawall.agent.resources.{entry.path}").put_back(entry.user, entry.was.content.decode())


_RESTORE: dict[str, Callable[[Entry], None]] = {
    PATH: _restore_path,
    FOLDER: _restore_folder,
    TREE: _restore_tree,
    MEMBER: _restore_member,
    STATE: _restore_state,
}


def _look_through(path: str) -> Found:
    """What a folder is like, seen through a link to it."""
    return files.look(os.path.realpath(path)) if Path(path).is_dir() else files.look(path)


def _set_rights(path: str, mode: int, uid: int, gid: int) -> None:
    descriptor = os.open(os.path.realpath(path), os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        if (uid, gid) != (-1, -1):
            os.fchown(descriptor, uid, gid)
        os.fchmod(descriptor, mode)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
