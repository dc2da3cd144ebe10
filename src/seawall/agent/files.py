"""Files that are either as they were or as they should be, also after a power cut.

Everything is written beside its place, made durable and renamed over it; see rename(2) and fsync(2).
"""

from __future__ import annotations

import contextlib
import errno
import grp
import os
import pwd
import shutil
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from seawall.agent.errors import ApplyFailed, DiskFull

FILE, LINK, DIRECTORY, ABSENT = "file", "link", "directory", "absent"

#: What the names of files begin with that are not yet whole.
TEMPORARY = ".seawall-"


@dataclass(frozen=True)
class Found:
    """What lies at a path now. ``kind`` is one of the constants above, or names another type (socket, device, …)."""

    kind: str
    content: bytes = b""
    target: str = ""
    mode: int = 0
    uid: int = -1
    gid: int = -1
    #: Changes whenever the file is written or replaced, and tells nothing of its content.
    stamp: str = ""


def look(path: str) -> Found:
    """What lies at ``path``, a link itself and not what it leads to; a file with its content."""
    place = Path(path)
    try:
        status = place.lstat()
        mode = stat.S_IMODE(status.st_mode)
        stamp = f"{status.st_ino}:{status.st_mtime_ns}:{status.st_ctime_ns}"
        kind = _kind(status.st_mode)
        content = place.read_bytes() if kind == FILE else b""
        target = str(place.readlink()) if kind == LINK else ""
    except (FileNotFoundError, NotADirectoryError):
        return Found(ABSENT)
    return Found(kind, content, target, mode, status.st_uid, status.st_gid, stamp)


def _kind(mode: int) -> str:
    kinds = {stat.S_IFREG: FILE, stat.S_IFLNK: LINK, stat.S_IFDIR: DIRECTORY, stat.S_IFSOCK: "socket"}
    return kinds.get(stat.S_IFMT(mode), "device or pipe")


def read_text(path: str) -> str | None:
    """A file's text, or None if there is none; bytes that are not UTF-8 are surrogate-escaped."""
    try:
        return Path(path).read_text(encoding="utf-8", errors="surrogateescape")
    except (FileNotFoundError, NotADirectoryError):
        return None


def temporary(path: str) -> str:
    """A fresh hidden name beside ``path``: short, and matched by no service's ``include *``."""
    return str(Path(path).parent / f"{TEMPORARY}{os.urandom(8).hex()}")


def remove_temporaries(folder: Path) -> None:
    """Remove what a `write_atomic` that was cut off has left in a folder that nobody else writes to."""
    for path in folder.glob(f"{TEMPORARY}*"):
        path.unlink()


def write_atomic(path: str, data: bytes, mode: int, uid: int = -1, gid: int = -1, *, beside: str = "") -> None:
    """Replace the file at ``path`` durably; a reader sees the old or the new one, whole, and never a wider mode.

    ``uid`` and ``gid`` of -1 are the process's own. ``beside`` is the temporary name to use (:func:`temporary`).
    Raises DiskFull, or OSError.
    """
    _replace(path, data, mode, owner=(uid, gid), beside=beside or temporary(path), settle=os.fsync)
    fsync_directory(str(Path(path).parent))


def write_whole(path: str, data: bytes, mode: int) -> None:
    """As :func:`write_atomic` does, but not durably: where several files are written, one :func:`sync_filesystem` after
    them is quicker. Raises DiskFull, or OSError."""
    _replace(path, data, mode, owner=(-1, -1), beside=temporary(path), settle=lambda _: None)


def _replace(
    path: str, data: bytes, mode: int, *, owner: tuple[int, int], beside: str, settle: Callable[[int], None]
) -> None:
    with disk_full(path), _removed_unless_renamed(beside):
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            if owner != (-1, -1):
                os.fchown(descriptor, *owner)
            os.fchmod(descriptor, mode)  # after fchown, which clears the set-id bits
            settle(descriptor)
        Path(beside).rename(path)


def replace_link(path: str, target: str, uid: int = -1, gid: int = -1, *, beside: str = "") -> None:
    """Make ``path`` a link to ``target``, durably and with one rename(). Raises DiskFull, or OSError."""
    _point(path, target, (uid, gid), beside or temporary(path))
    fsync_directory(str(Path(path).parent))


def point(path: str, target: str) -> None:
    """As :func:`replace_link` does, but not durably, like :func:`write_whole`. Raises DiskFull, or OSError."""
    _point(path, target, (-1, -1), temporary(path))


def _point(path: str, target: str, owner: tuple[int, int], beside: str) -> None:
    with disk_full(path), _removed_unless_renamed(beside):
        Path(beside).symlink_to(target)
        if owner != (-1, -1):
            os.chown(beside, *owner, follow_symlinks=False)
        Path(beside).rename(path)


@contextlib.contextmanager
def _removed_unless_renamed(beside: str) -> Iterator[None]:
    try:
        yield
    except BaseException:
        Path(beside).unlink(missing_ok=True)
        raise


def fsync_directory(path: str) -> None:
    """Make the names in a directory durable."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_filesystem(path: str) -> None:
    """Make everything written to the file system that holds ``path`` durable: syncfs(2), else sync(2)."""
    import ctypes  # late: only a switch needs it, and it is slow to import

    syncfs = getattr(ctypes.CDLL(None, use_errno=True), "syncfs", None)
    if syncfs is None:
        os.sync()
        return
    with disk_full(path):
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            if syncfs(descriptor) != 0:
                number = ctypes.get_errno()
                raise OSError(number, os.strerror(number), path)
        finally:
            os.close(descriptor)


def remove(path: str) -> None:
    """Remove a file or a link, if it is there, durably."""
    try:
        Path(path).unlink()
    except (FileNotFoundError, NotADirectoryError):
        return
    fsync_directory(str(Path(path).parent))


def remove_tree(path: str) -> None:
    """Remove whatever is at ``path``, a folder with all it holds, read-only ones too; links are not followed."""
    place = Path(path)
    if place.is_symlink() or not place.is_dir():
        place.unlink(missing_ok=True)
        return
    try:
        shutil.rmtree(path)
    except PermissionError:  # only root may remove the entries of a folder without the write bit
        for folder, _, _ in os.walk(path):
            Path(folder).chmod(0o700)
        shutil.rmtree(path)


def remove_files(root: Path) -> int:
    """Remove all files below a folder that belongs to somebody else, who may move things meanwhile, and leave its
    folders. Returns how many there were."""
    removed = 0
    for _, _, names, fd in os.fwalk(root, follow_symlinks=False) if root.is_dir() else ():
        for name in names:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(name, dir_fd=fd)
                removed += 1
    return removed


def give(root: str, uid: int, gid: int) -> None:
    """Change the owner of a tree.

    Its folders are held open meanwhile, so that no link that somebody puts into it leads root out of it.
    """
    for _, folders, names, at in os.fwalk(root, topdown=False):
        for name in [*folders, *names]:
            os.chown(name, uid, gid, dir_fd=at, follow_symlinks=False)
    os.chown(root, uid, gid, follow_symlinks=False)


@contextlib.contextmanager
def disk_full(path: str) -> Iterator[None]:
    """Turns "no space left" and "quota exceeded" into DiskFull with the place and what to do."""
    try:
        yield
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise no_room(path, "") from error


def no_room(path: str, output: str) -> DiskFull:
    """The error of a full disk at ``path``, with what a program said of it."""
    return DiskFull(
        f"No room left on the file system of {path}",
        place=path,
        remedy=f"make room on {mount_point(path)} (df -h and df -i show what is short), then run it again",
        output=output,
    )


def refuse_foreign_links(path: str) -> None:
    """Raise ApplyFailed if a folder on the way to ``path`` is a link that someone other than root and us made.

    An app that may write one of its folders could otherwise have root follow a link of its making into /etc.
    """
    for folder in Path(path).parents:
        refuse_foreign_link(str(folder))


def refuse_foreign_link(path: str) -> None:
    """Raise ApplyFailed if ``path`` itself is such a link."""
    try:
        status = Path(path).lstat()
    except (FileNotFoundError, NotADirectoryError):
        return
    if stat.S_ISLNK(status.st_mode) and status.st_uid not in (0, os.geteuid()):
        raise ApplyFailed(
            f"{path} is a link made by {user_name(status.st_uid)}; seawall does not write through it",
            place=path,
            remedy="replace the link by a folder, or let root make it",
        )


def mount_point(path: str) -> str:
    """Where the file system that holds ``path`` is mounted."""
    place = Path(os.path.realpath(path))
    while not place.is_mount() and place != place.parent:
        place = place.parent
    return str(place)


def uid_of(name: str) -> int:
    """A user's number. Raises ApplyFailed if there is no such user."""
    try:
        return pwd.getpwnam(name).pw_uid
    except KeyError:
        raise ApplyFailed(f"There is no user {name!r} on this host", place="/etc/passwd") from None


def gid_of(name: str) -> int:
    """A group's number. Raises ApplyFailed if there is no such group."""
    try:
        return grp.getgrnam(name).gr_gid
    except KeyError:
        raise ApplyFailed(f"There is no group {name!r} on this host", place="/etc/group") from None


def user_name(uid: int) -> str:
    """A user's name, or its number where it has none."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def group_name(gid: int) -> str:
    """A group's name, or its number where it has none."""
    try:
        return grp.getgrgid(gid).gr_name
    except KeyError:
        return str(gid)
