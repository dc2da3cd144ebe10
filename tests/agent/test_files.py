"""Files are either as they were or as they should be."""

from __future__ import annotations

import errno
import os
import socket
import subprocess
from pathlib import Path

import pytest

from seawall.agent import files
from seawall.agent.errors import ApplyFailed, DiskFull


def test_a_file_is_written_with_content_and_mode_whatever_the_umask(tmp_path: Path) -> None:
    place = tmp_path / "file"
    before = os.umask(0o077)
    try:
        files.write_atomic(str(place), b"text", 0o664)
    finally:
        os.umask(before)
    assert (place.read_bytes(), place.stat().st_mode & 0o7777) == (b"text", 0o664)
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]


def test_a_secret_file_is_never_wider_than_its_mode(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    modes: list[int] = []
    fsync = os.fsync

    def spy(descriptor: int) -> None:
        modes.append(os.fstat(descriptor).st_mode & 0o777)
        fsync(descriptor)

    opened: list[int] = []
    real_open = os.open

    def spy_open(path: str, flags: int, mode: int = 0o777, **options: object) -> int:
        if flags & os.O_CREAT:
            opened.append(mode)
        return real_open(path, flags, mode)

    monkeypatch.setattr(os, "fsync", spy)
    monkeypatch.setattr(os, "open", spy_open)
    files.write_atomic(str(tmp_path / "key"), b"secret", 0o600)
    assert opened == [0o600]
    assert modes[0] == 0o600


def test_a_file_that_cannot_be_written_leaves_the_old_one_and_no_litter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "file"
    place.write_text("old")

    def fail(descriptor: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="Input/output"):
        files.write_atomic(str(place), b"new", 0o644)
    assert [(entry.name, entry.read_text()) for entry in tmp_path.iterdir()] == [("file", "old")]


def test_a_planted_link_at_the_temporary_name_is_not_followed(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("untouched")
    beside = tmp_path / "beside"
    beside.symlink_to(victim)
    with pytest.raises(FileExistsError):
        files.write_atomic(str(tmp_path / "file"), b"data", 0o644, beside=str(beside))
    assert victim.read_text() == "untouched"


def test_no_room_left_is_told_with_place_and_remedy() -> None:
    with pytest.raises(DiskFull, match="No room left") as caught, files.disk_full("/srv/app/file"):
        raise OSError(errno.ENOSPC, "No space left on device")
    assert caught.value.place == "/srv/app/file"
    assert "df -h" in caught.value.remedy


def test_other_errors_are_not_taken_for_a_full_disk() -> None:
    with pytest.raises(PermissionError), files.disk_full("/srv/app/file"):
        raise PermissionError(errno.EACCES, "Permission denied")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount a small file system")
def test_a_really_full_file_system_keeps_the_old_file(tmp_path: Path) -> None:
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(tmp_path)], check=True)
    try:
        place = tmp_path / "file"
        place.write_text("old")
        with pytest.raises(DiskFull) as caught:
            files.write_atomic(str(place), b"x" * 200_000, 0o644)
        assert str(tmp_path) in caught.value.remedy
        assert [(entry.name, entry.read_text()) for entry in tmp_path.iterdir()] == [("file", "old")]
    finally:
        subprocess.run(["umount", str(tmp_path)], check=True)


def test_a_link_is_replaced_in_one_step_even_where_it_dangles(tmp_path: Path) -> None:
    link = tmp_path / "live"
    link.symlink_to("nowhere")
    files.replace_link(str(link), "releases/v2")
    assert link.readlink() == Path("releases/v2")
    assert [entry.name for entry in tmp_path.iterdir()] == ["live"]


def test_looking_tells_the_kinds_apart_and_follows_no_link(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"\x00\xff")
    (tmp_path / "link").symlink_to("file")
    (tmp_path / "folder").mkdir()
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "sock"))
        kinds = [files.look(str(tmp_path / name)).kind for name in ("file", "link", "folder", "sock", "none", "file/x")]
    assert kinds == ["file", "link", "directory", "socket", "absent", "absent"]
    assert files.look(str(tmp_path / "file")).content == b"\x00\xff"
    assert files.look(str(tmp_path / "link")).target == "file"


def test_the_stamp_changes_with_every_write(tmp_path: Path) -> None:
    place = str(tmp_path / "file")
    files.write_atomic(place, b"same", 0o644)
    first = files.look(place).stamp
    files.write_atomic(place, b"same", 0o644)
    assert files.look(place).stamp != first


def test_a_tree_goes_with_read_only_folders_and_without_what_its_links_lead_to(tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    kept.mkdir()
    (kept / "file").touch()
    tree = tmp_path / "tree"
    (tree / "inner").mkdir(parents=True)
    (tree / "inner" / "file").touch()
    (tree / "link").symlink_to(kept)
    (tree / "inner").chmod(0o500)
    files.remove_tree(str(tree))
    files.remove_tree(str(tree))
    assert not tree.exists()
    assert (kept / "file").exists()


def test_removing_a_tree_that_is_a_link_removes_the_link_only(tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    (tmp_path / "link").symlink_to("kept")
    files.remove_tree(str(tmp_path / "link"))
    assert [entry.name for entry in tmp_path.iterdir()] == ["kept"]


def test_syncing_a_file_system_works_for_a_folder_and_a_file(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    files.sync_filesystem(str(tmp_path))
    files.sync_filesystem(str(tmp_path / "file"))


def test_unknown_names_are_clear_errors() -> None:
    with pytest.raises(ApplyFailed, match="no user 'nobody-here'"):
        files.uid_of("nobody-here")
    with pytest.raises(ApplyFailed, match="no group 'nobody-here'"):
        files.gid_of("nobody-here")


def test_reading_text_that_is_not_there_gives_none(tmp_path: Path) -> None:
    assert files.read_text(str(tmp_path / "none")) is None
    (tmp_path / "odd").write_bytes(b"a\xff")
    assert files.read_text(str(tmp_path / "odd")) == "a\udcff"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give files away")
def test_a_tree_is_given_away_without_following_its_links(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.write_text("mine")
    tree = tmp_path / "tree"
    (tree / "deep").mkdir(parents=True)
    (tree / "deep" / "file").write_text("yours")
    (tree / "deep" / "link").symlink_to(outside)
    files.give(str(tree), 12345, 12346)
    for path in (tree, tree / "deep", tree / "deep" / "file", tree / "deep" / "link"):
        assert (path.lstat().st_uid, path.lstat().st_gid) == (12345, 12346)
    assert outside.stat().st_uid == 0


def test_the_files_of_a_folder_are_removed_and_no_link_leads_out_of_it(tmp_path: Path) -> None:
    outside, folder = tmp_path / "outside", tmp_path / "folder"
    (folder / "a/bc").mkdir(parents=True)
    outside.mkdir()
    (outside / "kept").touch()
    (folder / "a/bc/page").touch()
    (folder / "a/link").symlink_to(outside)
    (folder / "file-link").symlink_to(outside / "kept")
    assert files.remove_files(folder) == 2
    assert (outside / "kept").exists()
    assert (folder / "a/bc").is_dir()
    assert files.remove_files(tmp_path / "none") == 0
