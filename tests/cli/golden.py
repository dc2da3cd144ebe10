"""Texts that are kept and compared. `REWRITE_GOLDEN=1 pytest tests/cli` writes them anew, and fails so that the
difference is read."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

import pytest

from seawall.cli.render.lines import Line, clean

KEPT = Path(__file__).parent / "golden"
DOCS = Path(__file__).parents[2] / "docs" / "reference"


def assert_kept(path: Path, text: str) -> None:
    """``text`` is what the file at ``path`` holds."""
    if os.environ.get("REWRITE_GOLDEN") and (not path.exists() or path.read_text() != text):
        path.write_text(text)
        pytest.fail(f"{path.name} was written; read it and run the test again")
    assert text == path.read_text()


def text_of(lines: Iterable[Line]) -> str:
    """Lines as they are printed, without colour."""
    return "".join(f"{clean(line.text)}\n" for line in lines)
