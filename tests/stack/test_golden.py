"""Every generated file of every case, whole. After a change that is meant: `cd tests && python -m stack.golden`."""

from __future__ import annotations

import pytest

from seawall.agent.vocabulary import File
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
def test_a_value_of_the_environment_is_in_no_file_but_those_that_are_roots_alone(case: str) -> None:
    """It travels in ``Release.env``, and a secret in a file that is kept secret."""
    made = CASES[case]()
    files = golden.as_files(made)
    del files["release.json"]
    for secret in [one for one in made.resources if isinstance(one, File) and one.secret and one.mode == 0o600]:
        del files[f"host{secret.path}"]
    assert not [name for name, text in files.items() if "not in any file but env" in text]
