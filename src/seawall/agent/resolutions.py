"""What requirements were resolved to: recorded on each host, and told by the first host of a fleet to the others.

Requirements that name no versions mean what the index offers at that minute. Hosts that each asked for themselves could
run different code under one release's id.
"""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Mapping
from pathlib import Path

from seawall.agent.files import write_atomic
from seawall.agent.hashes import HASH
from seawall.agent.places import Places, ReleasePlaces
from seawall.agent.requirement_files import any_local, texts
from seawall.agent.vocabulary import Release


def resolution(places: Places, at: ReleasePlaces, release: Release) -> Path:
    """Where the resolved requirements of a release are kept."""
    question = _question(at.code, release).encode(errors="surrogateescape")
    return places.resolved / f"{hashlib.sha256(question).hexdigest()[:16]}.txt"


def told(places: Places, release_id: str, release: Release) -> dict[str, str]:
    """What other hosts need to know of a release's resolution; nothing where this host has none."""
    record = resolution(places, places.release(release_id), release)
    if not record.exists():
        return {}
    return {"name": record.name, "python": _python(), "text": record.read_text(errors="surrogateescape")}


def adopt(places: Places, at: ReleasePlaces, release: Release, heard: Mapping[str, str]) -> None:
    """Take over what another host resolved, if the question was the same: requirements, machine and Python.

    What this host has resolved before stays.
    """
    record = resolution(places, at, release)
    if heard and not record.exists() and (heard["name"], heard["python"]) == (record.name, _python()):
        write_atomic(str(record), heard["text"].encode(errors="surrogateescape"), 0o644)


def _python() -> str:
    """The host's own Python, whose version conditions of requirements go by."""
    return "{}.{}".format(*sys.version_info[:2])


def _question(code: Path, release: Release) -> str:
    """All that decides a resolution: the requirement files' content with what they include, extras, interpreter."""
    wanted = release.requirements
    found = texts(code, wanted)
    built = built_from(release) if any_local(found) else []
    form = ["hashed"] if wanted.path and any(HASH in text for text in found) else []
    return "\0".join([*found, *form, *built, *wanted.extra, wanted.python, os.uname().machine])


def built_from(release: Release) -> list[str]:
    """The project's own files, where they are installed as a package too."""
    return sorted(f"{entry.path}={entry.sha256}" for entry in release.entries)
