"""Requirements with hashes: pip's "Hash-checking Mode" (its "Secure installs"), in which all have one or none has."""

from __future__ import annotations

import re
from collections.abc import Iterable

from seawall.agent.errors import BuildFailed

HASH = "--hash="
_INCLUDED = re.compile(r"(?:-r|-c|--requirement|--constraint)[ =]?\s*\S")


def lines(text: str) -> list[str]:
    """The lines of a requirements file, continued ones joined, without comments."""
    joined = text.replace("\\\n", " ")
    stripped = (re.sub(r"(^|\s)#.*$", "", line).strip() for line in joined.splitlines())
    return [line for line in stripped if line]


def all_hashed(locked: str) -> bool:
    """Whether every requirement has a hash."""
    found = [line for line in lines(locked) if not _is_option(line)]
    return bool(found) and all(HASH in line for line in found)


def flattened(texts: Iterable[str]) -> str:
    """The requirements of files that include each other, as one text; they pin all there is, so nothing is resolved.
    Raises BuildFailed with the first requirement that has no hash where others have."""
    found = [line for text in texts for line in lines(text) if not _INCLUDED.match(line)]
    for line in found:
        if not _is_option(line) and HASH not in line:
            raise BuildFailed(
                f"{line} has no hash, and other requirements have",
                place="requirements",
                remedy="give every requirement, those that others need too, a version and its hashes, as `uv export`, "
                "`uv pip compile --generate-hashes` and `pip-compile --generate-hashes` do",
            )
    return "".join(f"{line}\n" for line in found)


def _is_option(line: str) -> bool:
    return line.startswith("-") and not line.startswith(("-e", "--editable"))
