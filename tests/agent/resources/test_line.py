"""One line in somebody else's file: the rest of the file stays as it is."""

from __future__ import annotations

from pathlib import Path

import pytest

from seawall.agent.errors import ApplyFailed
from seawall.agent.resources import line
from seawall.agent.resources.work import Work
from seawall.agent.vocabulary import Line


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "login.defs"


def make(resource: Line, work: Work) -> bool:
    """Whether anything had to be changed."""
    found = line.observe(resource)
    if line.diff(resource, found) is None:
        return False
    line.apply(resource, found, work)
    return True


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("# UMASK is it\nUMASK 022\nEND\n", "# UMASK is it\nUMASK 027\nEND\n"),
        ("UMASK 022\nA\nUMASK 077\n", "UMASK 027\nA\n"),
        ("A\n", "A\nUMASK 027\n"),
        ("A", "A\nUMASK 027\n"),
        ("", "UMASK 027\n"),
    ],
)
def test_the_line_takes_the_place_of_those_it_replaces(place: Path, work: Work, before: str, after: str) -> None:
    place.write_text(before)
    wanted = Line(str(place), "UMASK 027", replaces=r"^UMASK\s")
    assert make(wanted, work)
    assert place.read_text() == after
    assert not make(wanted, work)


def test_a_first_line_goes_to_the_beginning(place: Path, work: Work) -> None:
    place.write_text("Port 22\n")
    assert make(Line(str(place), "Include x", first=True), work)
    assert place.read_text() == "Include x\nPort 22\n"


def test_two_lines_of_one_file_do_not_undo_each_other(place: Path, work: Work) -> None:
    place.write_text("A\n")
    wanted = [Line(str(place), "ONE"), Line(str(place), "TWO")]
    seen = [line.observe(item) for item in wanted]
    for item, found in zip(wanted, seen, strict=True):
        line.apply(item, found, work)
    assert place.read_text() == "A\nONE\nTWO\n"


def test_mode_and_odd_bytes_stay_and_taking_back_restores_all(place: Path, work: Work) -> None:
    place.write_bytes(b"caf\xe9\n")
    place.chmod(0o640)
    make(Line(str(place), "ONE"), work)
    assert place.read_bytes() == b"caf\xe9\nONE\n"
    assert place.stat().st_mode & 0o777 == 0o640
    work.undo.roll_back()
    assert place.read_bytes() == b"caf\xe9\n"


def test_a_link_is_not_replaced(place: Path) -> None:
    place.symlink_to("/etc/hostname")
    with pytest.raises(ApplyFailed, match="is a link"):
        line.observe(Line(str(place), "ONE"))
