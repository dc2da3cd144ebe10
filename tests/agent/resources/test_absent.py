"""Links that must not be there."""

from __future__ import annotations

from pathlib import Path

import pytest

from seawall.agent.resources import absent
from seawall.agent.resources.work import Work
from seawall.agent.vocabulary import Absent, Change


def changed(resource: Absent) -> Change | None:
    return absent.diff(resource, absent.observe(resource))


def test_the_link_goes_visibly_and_comes_back_when_the_work_is_undone(tmp_path: Path, work: Work) -> None:
    place = tmp_path / "default"
    place.symlink_to("/stock")
    resource = Absent(str(place), "/stock", service="nginx")
    change = changed(resource)
    assert change is not None
    assert (change.kind, change.action, change.diff) == ("link", "delete", "link → /stock")
    absent.apply(resource, absent.observe(resource), work)
    assert not place.is_symlink()
    assert changed(resource) is None
    work.undo.roll_back()
    assert place.readlink() == Path("/stock")


@pytest.mark.parametrize("what", ["another link", "a file", "nothing"])
def test_anything_else_is_left_alone(tmp_path: Path, what: str) -> None:
    place = tmp_path / "default"
    if what == "another link":
        place.symlink_to("/handmade")
    elif what == "a file":
        place.write_text("server {}")
    assert changed(Absent(str(place), "/stock")) is None
