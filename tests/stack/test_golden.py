"""Every generated file of every case, whole. After a change that is meant: `cd tests && python -m stack.golden`."""

from __future__ import annotations

import pytest

from stack import golden
from stack.cases import CASES


@pytest.mark.parametrize("case", CASES)
def test_what_a_host_should_hold_is_as_it_was(case: str) -> None:
    assert golden.as_files(CASES[case]()) == golden.kept(case)


def test_no_case_is_kept_that_is_no_longer_made() -> None:
    assert {path.name for path in golden.KEPT.iterdir()} == set(CASES)


@pytest.mark.parametrize("case", CASES)
def test_the_same_input_gives_the_same_output(case: str) -> None:
    assert CASES[case]() == CASES[case]()


@pytest.mark.parametrize("case", CASES)
def test_a_value_of_the_environment_is_in_no_file(case: str) -> None:
    """It travels in ``Release.env`` alone."""
    files = golden.as_files(CASES[case]())
    del files["release.json"]
    assert not [name for name, text in files.items() if "not in any file but env" in text]
