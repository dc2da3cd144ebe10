"""Symbolic links."""

from __future__ import annotations

from pathlib import Path

import pytest

from seawall.agent.errors import ApplyFailed
from seawall.agent.resources import link
from seawall.agent.resources.work import Work
from seawall.agent.vocabulary import Change, Link


def changed(resource: Link) -> Change | None:
    return link.diff(resource, link.observe(resource))


def test_a_link_is_made_changed_and_then_left_alone(tmp_path: Path, work: Work) -> None:
    place = tmp_path / "enabled" / "site"
    for target, action, text in [("a", "create", "link → a"), ("b", "update", "link a → b")]:
        resource = Link(str(place), target)
        change = changed(resource)
        assert change is not None
        assert (change.action, change.diff) == (action, text)
        link.apply(resource, link.observe(resource), work)
        assert place.readlink() == Path(target)
        assert changed(resource) is None


def test_a_file_that_becomes_a_link_is_shown_with_what_is_lost(tmp_path: Path) -> None:
    place = tmp_path / "site"
    place.write_text("handmade\n")
    change = changed(Link(str(place), "elsewhere"))
    assert change is not None
    assert change.diff.splitlines()[0] == "the file becomes a link → elsewhere"
    assert "-handmade" in change.diff


def test_a_folder_in_the_way_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ApplyFailed, match="is a directory, where a link should be"):
        link.observe(Link(str(tmp_path), "elsewhere"))
