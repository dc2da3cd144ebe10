"""Hosts of one fleet run the same versions, though their requirements name none."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.sample import places, put, release
from seawall.agent import resolutions
from seawall.agent.places import Places
from seawall.agent.stage import stage
from seawall.agent.store import Store
from seawall.agent.vocabulary import Release, Requirements


def staged(base: Path, requirements: str = "lib\n") -> tuple[Places, Release]:
    """A host with v1 laid out, its environment not yet built."""
    made = places(base)
    entry = put(Store(made.objects), "requirements.txt", requirements.encode())
    wanted = release(entry, requirements=Requirements(path="requirements.txt"))
    stage(made, "v1", wanted, "now")
    return made, wanted


def record(host: Places, wanted: Release) -> Path:
    return resolutions.resolution(host, host.release("v1"), wanted)


def test_what_the_first_host_resolved_is_taken_over_by_the_next(tmp_path: Path) -> None:
    (first, wanted), (second, _) = staged(tmp_path / "first"), staged(tmp_path / "second")
    record(first, wanted).write_text("lib==1.2\n")
    resolutions.adopt(second, second.release("v1"), wanted, resolutions.told(first, "v1", wanted))
    assert record(second, wanted).read_text() == "lib==1.2\n"


def test_a_host_keeps_what_it_has_resolved_before(tmp_path: Path) -> None:
    (first, wanted), (second, _) = staged(tmp_path / "first"), staged(tmp_path / "second")
    record(first, wanted).write_text("lib==1.2\n")
    record(second, wanted).write_text("lib==1.1\n")
    resolutions.adopt(second, second.release("v1"), wanted, resolutions.told(first, "v1", wanted))
    assert record(second, wanted).read_text() == "lib==1.1\n"


@pytest.mark.parametrize("other", [{"python": "2.7"}, {"name": "another-question.txt"}])
def test_a_host_with_another_python_or_question_resolves_for_itself(tmp_path: Path, other: dict[str, str]) -> None:
    (first, wanted), (second, _) = staged(tmp_path / "first"), staged(tmp_path / "second")
    record(first, wanted).write_text("lib==1.2\n")
    heard = {**resolutions.told(first, "v1", wanted), **other}
    resolutions.adopt(second, second.release("v1"), wanted, heard)
    assert not record(second, wanted).exists()


def test_a_host_that_has_resolved_nothing_tells_nothing(tmp_path: Path) -> None:
    (first, wanted), (second, _) = staged(tmp_path / "first"), staged(tmp_path / "second")
    heard = resolutions.told(first, "v1", wanted)
    assert heard == {}
    resolutions.adopt(second, second.release("v1"), wanted, heard)
    assert not record(second, wanted).exists()
