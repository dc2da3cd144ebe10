"""Which migrations the live release has brought: written down by a deployment, read by the checklist.

The file lies in seawall's own folder, so it knows of the deployments from this machine alone.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from seawall.config.folder import NAME, own_folder

FILE = "migrated.json"
#: Alembic's folder of revisions, and Flask-Migrate's (https://alembic.sqlalchemy.org/en/latest/tutorial.html).
FOLDER = "versions"


def read_migrated(directory: Path, environment: str) -> Mapping[str, str]:
    """The migrations of the last deployment to this environment, path to SHA-256; empty where none is known of."""
    try:
        known = json.loads((directory / NAME / FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    found = known.get(environment) if isinstance(known, dict) else None
    return found if isinstance(found, dict) else {}


def write_migrated(directory: Path, environment: str, files: Mapping[str, str]) -> None:
    """Remember the migrations among the files that were deployed, path to SHA-256. Best done always: on a read-only
    disk the checklist only says more than it must."""
    now = {path: sha256 for path, sha256 in files.items() if sha256 and _is_migration(path)}
    if now == read_migrated(directory, environment):
        return
    try:
        path = own_folder(directory) / FILE
        known = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
        fresh = path.with_suffix(f".{os.getpid()}")
        fresh.write_text(json.dumps({**known, environment: now}), encoding="utf-8")
        fresh.replace(path)
    except (OSError, ValueError):
        return


def _is_migration(path: str) -> bool:
    at = PurePosixPath(path)
    return at.suffix == ".py" and FOLDER in at.parts[:-1]
