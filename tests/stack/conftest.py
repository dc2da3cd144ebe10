from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from stack.nginx_front import Front, front_in


@pytest.fixture
def short() -> Iterator[Path]:
    """A folder whose path is short enough for the sockets of the local target."""
    with tempfile.TemporaryDirectory(prefix="sw-") as folder:
        yield Path(folder)


@pytest.fixture
def front(short: Path) -> Iterator[Front]:
    """nginx before two releases, v1 live."""
    with front_in(short) as running:
        yield running
