"""The releases on a host: which are there, which is live, what each was made from."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from seawall.agent.envfile import parse_environment_file, render_environment_file
from seawall.agent.errors import AgentError, NoSuchRelease
from seawall.agent.places import Places
from seawall.agent.vocabulary import Release, release_from_wire, to_wire

ID = re.compile(r"v([1-9]\d*)")


@dataclass(frozen=True)
class Made:
    """A release that is on the host: its id, what it was made from, and when and by whom (for people).

    ``env_edited`` says that its environment file is not the one that was made; False where that was not recorded.
    """

    id: str
    release: Release
    fingerprint: str
    made: str
    env_edited: bool = False


def fingerprint(release: Release) -> str:
    """Equal for two releases that would run the same thing; where the code came from is left out."""
    data = to_wire(release)
    del data["source"]
    data["entries"] = sorted(data["entries"], key=lambda entry: entry["path"])
    return hashlib.sha256(json.dumps(data, sort_keys=True).encode()).hexdigest()


def live_id(places: Places) -> str:
    """The id of the release that the one link points to, or ``""``."""
    try:
        return os.path.basename(os.readlink(places.live))
    except FileNotFoundError:
        return ""


def ids(places: Places) -> list[str]:
    """All releases on the host, oldest first."""
    try:
        names = os.listdir(places.releases)
    except FileNotFoundError:
        return []
    return sorted((name for name in names if ID.fullmatch(name)), key=number)


def number(release_id: str) -> int:
    match = ID.fullmatch(release_id)
    if match is None:
        raise NoSuchRelease(
            f"{release_id!r} is not the id of a release", remedy="ids look like v12: `seawall releases`"
        )
    return int(match.group(1))


def next_id(places: Places, journal: list[dict[str, Any]]) -> str:
    """One more than any id this host has ever given, so an id never means two things."""
    seen = [number(name) for name in ids(places)]
    seen += [number(r["release"]) for r in journal if ID.fullmatch(str(r.get("release", "")))]
    return f"v{max(seen, default=0) + 1}"


def previous_id(places: Places, journal: list[dict[str, Any]]) -> str:
    """What a rollback goes to: the release that was live when the live one was deployed, or the next older kept one.

    So going back twice goes two steps back, and a release that was itself taken back is not returned to.
    """
    live, kept = live_id(places), ids(places)
    before = [str(r["old"]) for r in journal if r["step"] == "begin" and r["release"] == live and r.get("new")]
    if before and before[-1] in kept:
        return before[-1]
    return max((name for name in kept if live and number(name) < number(live)), key=number, default="")


def load(places: Places, release_id: str) -> Made:
    """Raises NoSuchRelease with the ids there are."""
    number(release_id)
    at = places.release(release_id)
    try:
        data: Mapping[str, Any] = json.loads(at.record.read_bytes())
        text = at.env.read_text(encoding="utf-8", errors="surrogateescape")
        env = parse_environment_file(text)
    except FileNotFoundError:
        there = ", ".join(ids(places)) or "none"
        raise NoSuchRelease(
            f"there is no release {release_id} on this host",
            state="nothing was changed",
            remedy=f"choose one that is kept: {there}",
        ) from None
    release = release_from_wire({**data["release"], "env": env})
    recorded = data.get("env_sha256", "")
    edited = bool(recorded) and recorded != _digest(text)
    return Made(release_id, release, data["fingerprint"], data["made"], edited)


def load_to_copy(places: Places, release_id: str) -> Made:
    """A release that another is to be made like. Raises AgentError if its variables are not those that were sent."""
    made = load(places, release_id)
    if made.env_edited:
        raise AgentError(
            f"the variables of {release_id} were edited on this host",
            place=str(places.release(release_id).env),
            remedy="`seawall deploy` makes a release with those of the project",
        )
    return made


def record_text(release: Release, made: str) -> bytes:
    """The content of ``release.json``. The environment is not in it: it is in the release's ``env`` alone, and here is
    the file's SHA-256, by which an edit is noticed."""
    data = {
        "release": {**to_wire(release), "env": {}},
        "fingerprint": fingerprint(release),
        "made": made,
        "env_sha256": _digest(render_environment_file(release.env)),
    }
    return json.dumps(data, indent=1, sort_keys=True).encode()


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode(errors="surrogateescape")).hexdigest()
