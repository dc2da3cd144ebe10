"""Single lines in files that belong to somebody else."""

from __future__ import annotations

from pathlib import Path

import pytest

from seawall.agent.host_vocabulary import Line
from seawall.agent.resources import line


def after(resource: Line, text: str) -> str:
    return line.wanted(resource, text)


def test_a_line_takes_the_place_of_the_first_it_replaces_and_the_others_go() -> None:
    resource = Line("/x", "a 3", replaces=r"a \d")
    assert after(resource, "b\na 1\nc\na 2\n") == "b\na 3\nc\n"


def test_a_line_that_replaces_none_goes_to_the_end_or_to_the_beginning() -> None:
    assert after(Line("/x", "a"), "b\n") == "b\na\n"
    assert after(Line("/x", "a", first=True), "b\n") == "a\nb\n"


def test_a_line_that_is_there_changes_nothing() -> None:
    assert after(Line("/x", "a 3", replaces=r"a \d"), "b\na 3\n") == "b\na 3\n"


def test_a_line_that_needs_another_is_not_added_without_it() -> None:
    resource = Line("/x", "a 3", replaces=r"a \d", needs="line")
    assert after(resource, "b\n") == "b\n"
    assert after(resource, "a 1\n") == "a 3\n"


@pytest.mark.parametrize("needs", ["file", "line"])
def test_a_line_that_needs_its_file_does_not_make_it(tmp_path: Path, needs: str) -> None:
    resource = Line(str(tmp_path / "absent"), "a", needs=needs)
    assert line.diff(resource, line.observe(resource)) is None
    alone = Line(str(tmp_path / "absent"), "a")
    assert line.diff(alone, line.observe(alone)) is not None
