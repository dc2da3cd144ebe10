from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def short() -> Iterator[Path]:
    """A folder whose path is short enough for the sockets of the local target."""
    with tempfile.TemporaryDirectory(prefix="sw-") as folder:
        yield Path(folder)
