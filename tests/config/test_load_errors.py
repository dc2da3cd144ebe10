"""What people read when their configuration is wrong: one golden file for each kind of mistake."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from seawall.config.load import load
from seawall.errors import ConfigError, ConfigErrors

GOLDEN = Path(__file__).parent / "golden"


@pytest.mark.parametrize("case", sorted(path.stem for path in GOLDEN.glob("*.toml")))
def test_each_mistake_is_told_with_its_line_and_a_remedy(case: str, tmp_path: Path) -> None:
    shutil.copy(GOLDEN / f"{case}.toml", tmp_path / "seawall.toml")
    assert told(tmp_path) == (GOLDEN / f"{case}.txt").read_text()


def test_the_values_of_variables_are_never_shown() -> None:
    texts = [path.read_text() for path in GOLDEN.glob("*.txt")]
    assert any("`env." in text for text in texts)
    assert not any("hunter2" in text for text in texts)


def told(folder: Path) -> str:
    try:
        load(folder)
    except ConfigErrors as errors:
        return "".join([f"{errors}\n", *(line(error) for error in errors.errors)])
    except ConfigError as error:
        return line(error)
    return "no mistakes\n"


def line(error: ConfigError) -> str:
    return f"{error.place}: {error.fact}\n" + (f"    {error.remedy}\n" if error.remedy else "")
