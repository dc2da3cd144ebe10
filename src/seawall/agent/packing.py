"""The agent as an archive: for the way to a host, and for the copy that a host's own timers run.

The same code always gives the same bytes, so that what lies somewhere can be compared with what should.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path

import seawall.agent


def sources() -> dict[str, bytes]:
    """The agent's own files, each by its name in an archive."""
    root = Path(seawall.agent.__file__).parent
    files = {f"seawall/agent/{path.relative_to(root).as_posix()}": path.read_bytes() for path in root.rglob("*.py")}
    return {**files, "seawall/__init__.py": b""}


def archive(files: Mapping[str, bytes]) -> bytes:
    """A zip archive of these files, without a trace of when it was made."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_STORED) as out:
        for name, data in sorted(files.items()):
            out.writestr(_info(name), data)
    return made.getvalue()


def _info(name: str) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
    info.external_attr = 0o644 << 16
    return info
