"""Whether a release on the host was edited after it was made: a quick look at each plan. `verify` reads all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from seawall.agent.endpoint import markers
from seawall.agent.files import read_text
from seawall.agent.places import Places, ReleasePlaces
from seawall.agent.releases import Made
from seawall.agent.stage import files_in, fill
from seawall.agent.store import is_sound
from seawall.agent.vocabulary import Entry, Release


def is_edited(places: Places, made: Made) -> bool:
    """Whether a file of the code, a static file, a setting or the environment is not what was made. A file that was not
    written to since it was checked is not read again."""
    at = places.release(made.id)
    if made.env_edited or any(text_at(path) != text for path, text in written(at, made.release)):
        return True
    return not all(_is_as_sent(path, entry) for path, entry in _laid_out(at, made.release))


def _laid_out(at: ReleasePlaces, release: Release) -> Iterator[tuple[str, Entry]]:
    """Where each entry lies. Paths are plain strings: there may be thousands, and each plan looks at all."""
    code = str(at.code)
    for entry in own_entries(release):
        yield f"{code}/{entry.path}", entry
    for mount, source in release.static.items():
        for path, entry in files_in(PurePosixPath(source), release.entries):
            yield str(at.static / mount / path), entry


def written(at: ReleasePlaces, release: Release) -> Iterator[tuple[Path, str]]:
    """The generated files of a release, settings, markers and units, with their content."""
    for file in release.files:
        yield at.root / file.name, fill(file.content, at.id)
    for name, text in markers(at.id, release.listen).items():
        yield at.root / name, text
    for program in release.programs:
        for unit in program.files:
            yield at.units / fill(unit.name, at.id), fill(unit.content, at.id)


def own_entries(release: Release) -> Iterator[Entry]:
    """The entries that lie in the code itself: not those in whose place there is a link to persisted data."""
    kept = tuple(f"{PurePosixPath(path)}/" for path in release.persist)
    return (entry for entry in release.entries if not f"{entry.path}/".startswith(kept))


def text_at(path: Path) -> str | None:
    """A file's text; None where there is nothing, "" for a folder in its place."""
    try:
        return read_text(str(path))
    except IsADirectoryError:
        return ""


def _is_as_sent(path: str, entry: Entry) -> bool:
    try:
        return os.readlink(path) == entry.target if entry.target else is_sound(path, entry)
    except OSError:
        return False
