"""A small release, and the places and objects it needs, for tests."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from seawall.agent.places import Places
from seawall.agent.store import Store
from seawall.agent.vocabulary import Entry, FrontDoor, Gate, Layout, Program, Release, Requirements, UnitFile

SECRET = "hunter2hunter2"


def layout(base: Path, **changes: str) -> Layout:
    """That of an app on the local target, whose folder is ``base``."""
    values = {"units": "", "fragments": f"{base}/units", "logs": f"{base}/logs", "supervisor": f"{base}/run/super.sock"}
    return Layout("tiny", base=str(base), run=str(base / "run"), uv="uv", **{**values, **changes})


def places(base: Path, **changes: str) -> Places:
    """An app's empty folders under ``base``; ``changes`` are those of its layout."""
    made = Places(layout(base, **changes))
    folders = [made.run, made.releases, made.objects, made.venvs, made.resolved, made.data, made.state, base / "units"]
    for folder in folders:
        folder.mkdir(parents=True)
    return made


def put(store: Store, path: str, content: bytes, *, executable: bool = False) -> Entry:
    """Bring a file's content into the store, as an upload does; the answer names it at ``path``."""
    entry = Entry(path, hashlib.sha256(content).hexdigest(), len(content), executable)
    name = entry.sha256 + (".x" if executable else "")
    if name in store.missing([entry]):
        store.receive(name, 0, content)
        assert store.whole(name)
        store.keep([name])
    return entry


def release(*entries: Entry, **changes: Any) -> Release:
    values: dict[str, Any] = {
        "entries": entries,
        "requirements": Requirements(),
        "env": {"API_TOKEN": SECRET, "COLOUR": "grey"},
        "files": (UnitFile("settings/server.py", "# @RELEASE@\n"),),
        "static": {},
        "persist": (),
        "programs": (Program("web", "web", ("web-@RELEASE@",), (), (UnitFile("web-@RELEASE@.ini", "of @RELEASE@"),)),),
        "gate": Gate("/health", "localhost", successes=2, interval=0.01, answer_timeout=0.3, timeout=5.0),
        "front": FrontDoor("127.0.0.1", 8443, True, "localhost", "/health"),
        "secret_names": ("API_TOKEN",),
    }
    return Release(**{**values, **changes})
