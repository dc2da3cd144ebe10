"""Static files in a compressed form too, ``FILE.gz`` beside ``FILE``: the front server sends that as it is to whoever
takes gzip (ngx_http_gzip_static_module), instead of compressing it for each visitor.

It is made once for each content and kept as ``HASH.gz`` in the object store, so what did not change costs nothing.
"""

from __future__ import annotations

import gzip
import hashlib
import os
import shutil
import zlib
from collections.abc import Iterable
from pathlib import Path, PurePath

from seawall.agent.store import PART, Store, is_marked, mark
from seawall.agent.vocabulary import Entry

SUFFIX = ".gz"
#: Kinds of file that are text, or compress like it. Pictures, films, WOFF and archives are compressed already.
# fmt: off
TEXT = frozenset({
    ".css", ".csv", ".htm", ".html", ".ico", ".js", ".json", ".jsonld", ".map", ".md", ".mjs", ".otf", ".rss", ".svg",
    ".ttf", ".txt", ".wasm", ".webmanifest", ".xml",
})
# fmt: on
#: Less than this fits into one packet either way, bytes.
SMALLEST = 1024


def is_wanted(path: PurePath, entry: Entry) -> bool:
    """Whether a static file is worth compressing."""
    return path.suffix.lower() in TEXT and entry.size >= SMALLEST


def place(store: Store, entry: Entry) -> Path:
    """Where the compressed form of a content is kept; it is there if it is smaller."""
    return store.root / f"{entry.sha256}{SUFFIX}"


def make(store: Store, entries: Iterable[Entry]) -> None:
    """Compress the contents whose compressed form is not here yet, or was written to since."""
    lacking = {entry.sha256: entry for entry in entries if not _is_here(store, entry)}
    made = [place(store, entry).name for entry in lacking.values() if _compress(store, entry)]
    if made:
        store.keep(made)


def digest(path: Path) -> str:
    """The SHA-256 of what a compressed file holds; "" if it is none."""
    found = hashlib.sha256()
    try:
        with gzip.open(path) as file:
            while block := file.read(1 << 20):
                found.update(block)
    except (OSError, EOFError, zlib.error):
        return ""
    return found.hexdigest()


def _is_here(store: Store, entry: Entry) -> bool:
    try:
        return is_marked(os.lstat(place(store, entry)), entry.sha256)
    except FileNotFoundError:
        return False


def _compress(store: Store, entry: Entry) -> bool:
    """Write the compressed form beside its place. Returns whether that is worth it. Equal contents give equal files."""
    part = store.root / f"{entry.sha256}{SUFFIX}{PART}"
    with (
        store.path(entry).open("rb") as plain,
        part.open("wb") as file,
        gzip.GzipFile("", "wb", compresslevel=9, fileobj=file, mtime=0) as packed,
    ):
        shutil.copyfileobj(plain, packed, 1 << 20)
    if part.stat().st_size >= entry.size:
        part.unlink()
        return False
    part.chmod(0o644)
    mark(part, entry.sha256)
    return True
