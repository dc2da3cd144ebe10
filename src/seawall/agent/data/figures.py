"""Figures by which a restored copy is compared with what was backed up: of tables, and of files."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

#: Bytes of a file that are read at a time.
PIECE = 1 << 20


@dataclass(frozen=True)
class TableFigures:
    """How many rows a table has, and a checksum of all of them that does not depend on their order.

    A ``counter`` (a sequence) has its value as ``rows``. It may be further on in a copy that was made a moment later,
    never less far: such counters stand outside of transactions.
    """

    rows: int
    checksum: str = ""
    counter: bool = False


#: By table, with its schema where the database has schemas; "(indexes)" and the like in parentheses are no tables.
Figures = Mapping[str, TableFigures]
#: SHA-256 by absolute path, ``-> TARGET`` for a symbolic link, "" for a file that was written to in the meantime.
FileHashes = Mapping[str, str]


def figures_to_wire(figures: Figures) -> dict[str, Any]:
    """As JSON-ready data."""
    return {name: [one.rows, one.checksum, *([True] if one.counter else [])] for name, one in figures.items()}


def figures_from_wire(data: Mapping[str, Any]) -> dict[str, TableFigures]:
    """The counterpart of :func:`figures_to_wire`. Raises TypeError or ValueError for what is none."""
    return {name: TableFigures(int(values[0]), str(values[1]), *map(bool, values[2:])) for name, values in data.items()}


def tables(figures: Figures) -> list[str]:
    """The names of the tables among them."""
    return [name for name, one in figures.items() if not one.counter and not name.startswith("(")]


def compare(wanted: Figures, found: Figures) -> list[str]:
    """What differs between the figures of a backup and those of its copy, as sentences; nothing if they are equal."""
    differences = []
    for name in sorted({*wanted, *found}):
        if name not in found:
            differences.append(f"{name} is missing: it had {_count(wanted[name])}")
        elif name not in wanted:
            differences.append(f"{name} is there, with {_count(found[name])}, and was not when the backup was made")
        else:
            differences += _differs(name, wanted[name], found[name])
    return differences


def _differs(name: str, wanted: TableFigures, found: TableFigures) -> list[str]:
    if wanted.counter:
        return [f"{name} stands at {found.rows} and stood at {wanted.rows}"] if found.rows < wanted.rows else []
    if wanted.rows != found.rows:
        return [f"{name} has {_count(found)} and had {_count(wanted)}"]
    if wanted.checksum != found.checksum:
        return [f"{name} has as many rows as before, {wanted.rows}, but not the same: their checksums differ"]
    return []


def _count(figures: TableFigures) -> str:
    if figures.counter:
        return f"the value {figures.rows}"
    return "1 row" if figures.rows == 1 else f"{figures.rows} rows"


def of_files(folders: Iterable[str], under: str = "") -> dict[str, str]:
    """The hashes of all files in these folders. ``under`` is the folder in which a copy of them lies, and no part of
    the paths in the answer. A file that goes while we look is left out, and so are sockets, pipes and devices."""
    hashes = {}
    for folder in folders:
        for path in _walk(under + folder):
            found = _hash(path)
            if found is not None:
                hashes[path[len(under) :]] = found
    return hashes


def settled(hashes: FileHashes, since: int) -> dict[str, str]:
    """The same without what has gone, and with "" for each file that was touched at or after ``since``
    (``time.time_ns()``): its content in a backup that was begun then may be this or that."""
    kept = {}
    for path, value in hashes.items():
        try:
            touched = os.lstat(path).st_ctime_ns >= since
        except FileNotFoundError:
            continue
        kept[path] = "" if touched else value
    return kept


def compare_files(wanted: FileHashes, found: FileHashes) -> list[str]:
    """What differs between the files of a backup and their copy, as sentences; nothing if they are equal.

    Files that the copy has more came while the backup was made, and are no fault.
    """
    differences = []
    for path in sorted(wanted):
        if path not in found:
            if wanted[path]:
                differences.append(f"{path} is missing")
        elif wanted[path] and wanted[path] != found[path]:
            differences.append(f"{path} is not what was backed up: its hash differs")
    return differences


def _walk(folder: str) -> Iterator[str]:
    for root, folders, names in os.walk(folder):
        links = (name for name in folders if Path(root, name).is_symlink())
        yield from (os.path.join(root, name) for name in (*names, *links))


def _hash(path: str) -> str | None:
    try:
        kind = os.lstat(path).st_mode
        if stat.S_ISLNK(kind):
            return f"-> {os.readlink(path)}"
        return _hash_file(path) if stat.S_ISREG(kind) else None
    except FileNotFoundError:
        return None


def _hash_file(path: str) -> str:
    digest = hashlib.sha256()
    with Path(path).open("rb") as file:
        while piece := file.read(PIECE):
            digest.update(piece)
    return digest.hexdigest()
