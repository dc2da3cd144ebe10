"""Folders: made, or given the right mode and owner; what is in them is left alone."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from seawall.agent.errors import ApplyFailed
from seawall.agent.resources import directory
from seawall.agent.resources.work import Work
from seawall.agent.vocabulary import Change, Directory


def changed(resource: Directory) -> Change | None:
    return directory.diff(resource, directory.observe(resource))


def test_a_folder_is_made_with_its_mode_whatever_the_umask(tmp_path: Path, work: Work) -> None:
    resource = Directory(str(tmp_path / "data"), 0o2775)
    change = changed(resource)
    assert change is not None
    assert (change.action, change.diff) == ("create", "mode 2775")
    before = os.umask(0o077)
    try:
        directory.apply(resource, directory.observe(resource), work)
    finally:
        os.umask(before)
    assert (tmp_path / "data").stat().st_mode & 0o7777 == 0o2775
    assert changed(resource) is None


def test_a_mode_that_drifted_is_corrected_and_the_content_kept(tmp_path: Path, work: Work) -> None:
    place = tmp_path / "data"
    place.mkdir()
    place.chmod(0o777)
    (place / "file").touch()
    resource = Directory(str(place), 0o750)
    change = changed(resource)
    assert change is not None
    assert change.diff == "mode 0777 → 0750"
    directory.apply(resource, directory.observe(resource), work)
    assert changed(resource) is None
    assert (place / "file").exists()


def test_an_administrators_link_to_a_bigger_disk_counts_as_the_folder(tmp_path: Path, work: Work) -> None:
    (tmp_path / "disk").mkdir(mode=0o700)
    (tmp_path / "data").symlink_to("disk")
    resource = Directory(str(tmp_path / "data"), 0o750)
    directory.apply(resource, directory.observe(resource), work)
    assert (tmp_path / "data").is_symlink()
    assert (tmp_path / "disk").stat().st_mode & 0o777 == 0o750
    work.undo.roll_back()
    assert (tmp_path / "disk").stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("kind", ["file", "dangling link"])
def test_something_else_in_its_place_is_an_error(tmp_path: Path, kind: str) -> None:
    place = tmp_path / "data"
    if kind == "file":
        place.touch()
    else:
        place.symlink_to("nowhere")
    with pytest.raises(ApplyFailed, match="where a folder should be"):
        directory.observe(Directory(str(place)))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give links away")
def test_a_link_an_app_put_in_its_folders_place_is_refused(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "data").symlink_to("etc")
    os.chown(tmp_path / "data", 65534, 65534, follow_symlinks=False)
    with pytest.raises(ApplyFailed, match="is a link made by nobody"):
        directory.observe(Directory(str(tmp_path / "data"), owner="nobody"))
