"""Requirement files as a project has them, with the files that they include (pip's "Requirements File Format")."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from seawall.agent import hashes
from seawall.agent.errors import BuildFailed
from seawall.agent.vocabulary import Requirements

#: A requirement that is a path: ``./part``, ``-e part``, ``part @ file:///…``.
_LOCAL = re.compile(
    r"(?:-e|--editable)[ =]\s*(?!\S*://)|(?:[\w.-]+(?:\[[^]]*\])?\s*@\s*)?(?:\.{0,2}/|\.{1,2}(?:\s|\[|$)|file:)"
)
_REQUIRED = re.compile(r"\s*(?:-r|--requirement)[ =]?\s*(\S+)")
#: A constraint adds nothing to what is installed; it says in which version.
_READ = re.compile(r"\s*(?:-r|-c|--requirement|--constraint)[ =]?\s*(\S+)")


def texts(code: Path, wanted: Requirements) -> list[str]:
    """All that decides what is installed: the requirements, and the files that they include, constraints too."""
    return [wanted.text] if wanted.text else list(_included(code, wanted.path, _READ, {}))


def hashed(code: Path, path: str) -> list[str] | None:
    """The requirement files, if any requirement has a hash; they name all there is then. Raises BuildFailed where one
    of them is not there."""
    seen: dict[str, bool] = {}
    found = list(_included(code, path, _REQUIRED, seen))
    if not any(hashes.HASH in text for text in found):
        return None
    for name, is_there in seen.items():
        if not is_there:
            raise BuildFailed(
                f"{name} is not among the files of the project, and the requirements include it",
                place="requirements",
                remedy="add it, or take out the line that includes it",
            )
    return found


def _included(code: Path, name: str, follow: re.Pattern[str], seen: dict[str, bool]) -> Iterator[str]:
    """The text of a file and of those that it includes. ``seen`` learns of each whether it is there; what lies outside
    the project is not."""
    path = os.path.normpath(name)
    if not name or path in seen:
        return
    seen[path] = not path.startswith(("/", "..")) and (code / path).is_file()
    if not seen[path]:
        return
    text = (code / path).read_text(errors="surrogateescape")
    yield text
    for found in map(follow.match, text.splitlines()):
        if found:
            yield from _included(code, os.path.join(os.path.dirname(path), found.group(1)), follow, seen)


def any_local(texts: Iterable[str]) -> bool:
    """Whether a requirement is a path, so that a part of the project is built."""
    return any(_LOCAL.match(line) for text in texts for line in bare(text))


def bare(text: str) -> list[str]:
    """The lines of requirements without their hashes."""
    return [line.split(hashes.HASH)[0].strip() for line in hashes.lines(text)]


def names(text: str) -> set[str]:
    """Normalised names of the distributions in requirement lines (PEP 503)."""
    found = (re.match(r"[A-Za-z0-9][A-Za-z0-9._-]*", line) for line in bare(text))
    return {re.sub(r"[-_.]+", "-", match.group()).lower() for match in found if match}


def without(resolved: str, left_out: set[str]) -> list[str]:
    """The requirements, continued lines and all, of distributions that are not among ``left_out``."""
    kept: list[str] = []
    keep = False
    for line in resolved.splitlines():
        if not line.startswith((" ", "\t")):
            keep = bool(line.strip()) and not names(line) & left_out
        if keep:
            kept.append(line)
    return kept
