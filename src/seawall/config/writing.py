"""Writing files that must be whole or not there, and that others must not read."""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
from collections.abc import Iterator
from pathlib import Path


def write_new(path: Path, text: str) -> None:
    """Write a file that only its owner can read and that must not be there yet. Raises OSError."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        _write_through(file.fileno(), text)
    _sync_folder(path.parent)


def replace(path: Path, text: str) -> None:
    """Put ``text`` in the place of a file, whole or not at all, even over a power cut. A file that is there keeps its
    mode; a new one is its owner's alone. Raises OSError."""
    target = path.resolve()
    mode = target.stat().st_mode & 0o777 if target.exists() else 0o600
    half = target.with_name(f".{target.name}.{secrets.token_hex(8)}")
    handle = os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            os.fchmod(file.fileno(), mode)
            _write_through(file.fileno(), text)
        half.replace(target)
    except BaseException:
        half.unlink(missing_ok=True)
        raise
    _sync_folder(target.parent)


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold a folder against others who read, change and write its files; the lock ends with the process."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _write_through(handle: int, text: str) -> None:
    data = text.encode()
    while data:
        data = data[os.write(handle, data) :]
    os.fsync(handle)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
