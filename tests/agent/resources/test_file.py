"""Files: shown as unified diffs, secrets never, and nothing foreign is replaced."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from seawall.agent.errors import ApplyFailed
from seawall.agent.resources import file
from seawall.agent.resources.work import Work
from seawall.agent.vocabulary import Change, File


def changed(resource: File) -> Change | None:
    return file.diff(resource, file.observe(resource))


def test_a_new_file_is_shown_whole_with_its_mode(tmp_path: Path) -> None:
    path = str(tmp_path / "site.conf")
    change = changed(File(path, "one\ntwo\n", mode=0o640))
    assert change == Change(
        "file",
        path,
        "create",
        f"mode 0640\n--- /dev/null\n+++ {path} (after)\n@@ -0,0 +1,2 @@\n+one\n+two",
        "absent",
    )


def test_a_changed_file_is_a_unified_diff_from_now_to_after(tmp_path: Path) -> None:
    place = tmp_path / "site.conf"
    place.write_text("one\ntwo\nthree")
    place.chmod(0o644)
    change = changed(File(str(place), "one\n2\nthree\n"))
    assert change is not None
    assert change.action == "update"
    assert change.diff == (
        f"--- {place} (now)\n+++ {place} (after)\n@@ -1,3 +1,3 @@\n one\n-two\n-three\n"
        "\\ No newline at end of file\n+2\n+three"
    )


def test_a_file_as_it_should_be_is_no_change(tmp_path: Path, work: Work) -> None:
    resource = File(str(tmp_path / "site.conf"), "text\n", mode=0o604)
    file.apply(resource, file.observe(resource), work)
    assert changed(resource) is None


def test_a_mode_alone_is_a_change_and_is_corrected(tmp_path: Path, work: Work) -> None:
    place = tmp_path / "site.conf"
    place.write_text("same")
    place.chmod(0o644)
    resource = File(str(place), "same", mode=0o600)
    change = changed(resource)
    assert change is not None
    assert change.diff == "mode 0644 → 0600"
    file.apply(resource, file.observe(resource), work)
    assert place.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("now", [None, "password=old", "password=hunter2"])
def test_a_secrets_content_is_in_no_part_of_the_change(tmp_path: Path, now: str | None) -> None:
    place = tmp_path / "env"
    if now is not None:
        place.write_text(now)
        place.chmod(0o644)
    change = changed(File(str(place), "password=hunter2", mode=0o600, secret=True))
    assert change is not None
    told = {None: "created", "password=old": "changed", "password=hunter2": "unchanged"}[now]
    assert change.diff.splitlines()[-1] == f"(secret: content hidden) {told}"
    assert "password" not in repr(change)
    assert "hunter2" not in repr(change)


def test_a_secrets_digest_tells_nothing_of_its_content_but_that_it_was_written(tmp_path: Path) -> None:
    befores = set()
    for name in ("one", "two"):
        (tmp_path / name).write_text("guessable")
        change = changed(File(str(tmp_path / name), "new", secret=True))
        assert change is not None
        befores.add(change.before)
    assert len(befores) == 2


def test_binary_content_is_measured_not_shown(tmp_path: Path) -> None:
    place = tmp_path / "data"
    place.write_bytes(b"\x00\xff\xfe")
    place.chmod(0o644)
    change = changed(File(str(place), "text\n"))
    assert change is not None
    assert change.diff == "(binary: 3 bytes → 5 bytes)"


@pytest.mark.parametrize("kind", ["folder", "pipe"])
def test_a_folder_or_pipe_in_the_way_is_an_error_that_names_it(tmp_path: Path, kind: str) -> None:
    place = tmp_path / "site.conf"
    if kind == "folder":
        place.mkdir()
    else:
        os.mkfifo(place)
    with pytest.raises(ApplyFailed, match="where a file should be") as caught:
        file.observe(File(str(place), ""))
    assert caught.value.place == str(place)


def test_a_link_in_the_files_place_is_replaced_and_what_it_led_to_untouched(tmp_path: Path, work: Work) -> None:
    (tmp_path / "elsewhere").write_text("theirs")
    place = tmp_path / "site.conf"
    place.symlink_to("elsewhere")
    resource = File(str(place), "ours")
    change = changed(resource)
    assert change is not None
    assert "the link to elsewhere becomes a file" in change.diff
    file.apply(resource, file.observe(resource), work)
    assert (place.is_symlink(), place.read_text(), (tmp_path / "elsewhere").read_text()) == (False, "ours", "theirs")


def test_an_owner_that_does_not_exist_yet_is_planned_and_refused_when_applied(tmp_path: Path, work: Work) -> None:
    resource = File(str(tmp_path / "env"), "x", owner="nobody-here", group="nobody-here")
    change = changed(resource)
    assert change is not None
    assert change.diff.splitlines()[0] == "mode 0644, owner nobody-here:nobody-here"
    with pytest.raises(ApplyFailed, match="no user 'nobody-here'"):
        file.apply(resource, file.observe(resource), work)
    assert not (tmp_path / "env").exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give files away")
def test_an_owner_is_shown_by_name_and_corrected(tmp_path: Path, work: Work) -> None:
    place = tmp_path / "env"
    place.write_text("x")
    place.chmod(0o644)
    resource = File(str(place), "x", owner="nobody", group="nogroup")
    change = changed(resource)
    assert change is not None
    assert change.diff == "owner root:root → nobody:nogroup"
    file.apply(resource, file.observe(resource), work)
    assert changed(resource) is None


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give links away")
def test_nothing_is_written_through_a_link_an_app_planted(tmp_path: Path) -> None:
    (tmp_path / "target").mkdir()
    (tmp_path / "planted").symlink_to("target")
    os.chown(tmp_path / "planted", 65534, 65534, follow_symlinks=False)
    with pytest.raises(ApplyFailed, match="is a link made by nobody"):
        file.observe(File(str(tmp_path / "planted" / "site.conf"), ""))
