"""uv's cache and a power cut: uv renames what it downloaded into place before the disk has it, and trusts it later.

While uv is at work a mark says so. It goes once the disk has everything; a mark of an earlier boot means that the
cache may hold torn files.
"""

from __future__ import annotations

from pathlib import Path

from seawall.agent.files import read_text, remove, sync_filesystem, write_atomic

CACHE = "/var/cache/seawall/uv"
BOOT_ID = "/proc/sys/kernel/random/boot_id"


def may_be_torn(mark: Path) -> bool:
    """Whether the machine went down while uv was at work."""
    found = read_text(str(mark))
    return found is not None and found != _boot()


def begin(mark: Path) -> None:
    """uv is about to write into its cache."""
    if not mark.exists() or may_be_torn(mark):
        write_atomic(str(mark), _boot().encode(), 0o600)


def end(mark: Path) -> None:
    """uv is through: wait until the disk has what it wrote."""
    if mark.exists():
        if Path(CACHE).is_dir():
            sync_filesystem(CACHE)
        remove(str(mark))


def _boot() -> str:
    return read_text(BOOT_ID) or ""
