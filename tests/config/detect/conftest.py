"""Small projects, written out as the files they consist of."""

from collections.abc import Callable
from pathlib import Path

import pytest

from seawall.config.detect import Findings, detect

Detect = Callable[..., Findings]


@pytest.fixture
def write(tmp_path: Path) -> Callable[[dict[str, str]], Path]:
    """Write a project's files into a folder of its own."""

    def written(files: dict[str, str]) -> Path:
        root = tmp_path / "project"
        root.mkdir(exist_ok=True)
        for name, text in files.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return root

    return written


@pytest.fixture
def found(write: Callable[[dict[str, str]], Path]) -> Detect:
    """What is found in a project of these files."""

    def detected(files: dict[str, str], entry: str | None = None) -> Findings:
        return detect(write(files), entry)

    return detected
