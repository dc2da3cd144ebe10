"""Whatever happens, what was changed can be put back as it was: also by another process, also twice."""

from __future__ import annotations

import grp
import json
import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from seawall.agent import files
from seawall.agent.errors import NeedsPerson
from seawall.agent.undo import UndoLog

from .crashes import killed_at, snapshot
from .fake_programs import Programs

pytestmark = pytest.mark.usefixtures("disk_that_need_not_be_waited_for")


def old_tree(root: Path) -> None:
    """A tree with something of every kind that can be changed."""
    (root / "etc").mkdir(parents=True)
    (root / "etc" / "changed.conf").write_text("old\n")
    (root / "etc" / "changed.conf").chmod(0o640)
    (root / "etc" / "binary").write_bytes(bytes(range(256)))
    (root / "etc" / "gone.conf").write_text("goes\n")
    (root / "etc" / "link").symlink_to("changed.conf")
    (root / "etc" / "becomes-file").symlink_to("nowhere")
    (root / "etc" / "becomes-link").write_text("file\n")
    (root / "narrow").mkdir(mode=0o700)
    (root / "tool" / "bin").mkdir(parents=True)
    (root / "tool" / "bin" / "uv").write_text("version 1")


def build(place: str) -> None:
    (Path(place) / "bin").mkdir(parents=True)
    (Path(place) / "bin" / "uv").write_text("version 2")


def change(root: Path, log: UndoLog) -> None:
    """Every kind of change, some of them twice."""
    log.make_directory(str(root / "narrow"), 0o755)
    log.make_directory(str(root / "new" / "deep"), 0o750)
    log.write_file(str(root / "etc" / "changed.conf"), b"new\n", 0o600)
    log.write_file(str(root / "etc" / "changed.conf"), b"newer\n", 0o644)
    log.write_file(str(root / "etc" / "binary"), b"\x00\xff", 0o644)
    log.write_file(str(root / "new" / "deep" / "under" / "file"), b"", 0o644)
    log.make_link(str(root / "etc" / "link"), "binary")
    log.write_file(str(root / "etc" / "becomes-file"), b"now a file\n", 0o644)
    log.make_link(str(root / "etc" / "becomes-link"), "changed.conf")
    log.remove(str(root / "etc" / "gone.conf"))
    log.replace_tree(str(root / "tool"), build)
    log.replace_tree(str(root / "new" / "tool"), build)


def test_rolling_back_restores_every_byte_mode_and_link(tmp_path: Path) -> None:
    root, state = tmp_path / "root", tmp_path / "state"
    old_tree(root)
    before = snapshot(root)
    log = UndoLog(str(state / "undo"))
    change(root, log)
    changed = snapshot(root)
    assert changed["etc/changed.conf"][3] == b"newer\n"
    assert changed["tool/bin/uv"][3] == b"version 2"
    assert "etc/gone.conf" not in changed
    log.roll_back()
    assert snapshot(root) == before
    assert log.empty
    assert UndoLog.load(str(state / "undo")).empty


@pytest.mark.slow
def test_killed_at_any_moment_of_changing_another_process_puts_everything_back(tmp_path: Path) -> None:
    root, folder = tmp_path / "root", str(tmp_path / "undo")
    old_tree(root)
    before = snapshot(root)
    step = 1
    while killed_at(step, lambda: change(root, UndoLog(folder))):
        UndoLog.load(folder).roll_back()
        assert snapshot(root) == before, f"killed at step {step}"
        step += 1
    assert step > 100


@pytest.mark.slow
def test_killed_at_any_moment_of_putting_back_the_next_process_finishes(tmp_path: Path) -> None:
    step = 1
    while True:
        root, folder = tmp_path / f"root{step}", str(tmp_path / f"undo{step}")
        old_tree(root)
        before = snapshot(root)
        change(root, UndoLog(folder))
        killed = killed_at(step, lambda folder=folder: UndoLog.load(folder).roll_back())  # type: ignore[misc]
        UndoLog.load(folder).roll_back()
        assert snapshot(root) == before, f"killed at step {step}"
        if not killed:
            break
        step += 1
    assert step > 50


def test_killed_at_any_moment_of_forgetting_everything_is_new_or_can_be_old(tmp_path: Path) -> None:
    old_tree(tmp_path / "reference")
    before = snapshot(tmp_path / "reference")
    log = UndoLog(str(tmp_path / "reference-undo"))
    change(tmp_path / "reference", log)
    log.forget()
    after = snapshot(tmp_path / "reference")
    outcomes = set()
    step = 1
    while True:
        root, folder = tmp_path / f"root{step}", str(tmp_path / f"undo{step}")
        old_tree(root)
        change(root, UndoLog(folder))
        killed = killed_at(step, lambda folder=folder: UndoLog.load(folder).forget())  # type: ignore[misc]
        log = UndoLog.load(folder)
        outcomes.add(log.empty)
        if log.empty:
            assert snapshot(root) == after, f"killed at step {step}"
        else:
            log.roll_back()
            assert snapshot(root) == before, f"killed at step {step}"
        if not killed:
            break
        step += 1
    assert outcomes == {True, False}


def test_what_was_there_is_on_disk_before_anything_is_touched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = tmp_path / "file"
    place.write_text("old")
    log = UndoLog(str(tmp_path / "undo"))
    monkeypatch.setattr(files, "write_atomic", lambda *_, **__: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        log.write_file(str(place), b"new", 0o644)
    entries = (tmp_path / "undo" / "log").read_text().splitlines()
    assert json.loads(entries[0])["path"] == str(place)


def test_log_then_file_are_durable_before_the_rename_and_the_rename_after(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "file"
    place.write_text("old")
    order: list[str] = []
    rename = Path.rename

    def fsync(descriptor: int) -> None:
        order.append(Path(f"/proc/self/fd/{descriptor}").readlink().name)

    def renamed(self: Path, target: str) -> Path:
        order.append(f"rename to {Path(target).name}")
        return rename(self, target)

    log = UndoLog(str(tmp_path / "undo"))
    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(Path, "rename", renamed)
    log.write_file(str(place), b"new", 0o644)
    beside = next(name for name in order if name.startswith(".seawall-"))
    assert order == ["log", "undo", tmp_path.name, beside, "rename to file", tmp_path.name]


def test_a_line_cut_short_was_never_acted_upon_and_is_overwritten(tmp_path: Path) -> None:
    place, folder = tmp_path / "file", str(tmp_path / "undo")
    place.write_text("old")
    UndoLog(folder).write_file(str(place), b"new", 0o644)
    with (tmp_path / "undo" / "log").open("ab") as log:
        log.write(b'{"kind": "path", "pa')
    again = UndoLog.load(folder)
    again.write_file(str(tmp_path / "other"), b"x", 0o644)
    UndoLog.load(folder).roll_back()
    assert place.read_text() == "old"
    assert not (tmp_path / "other").exists()


def test_the_log_keeps_secrets_to_its_owner(tmp_path: Path) -> None:
    log = UndoLog(str(tmp_path / "undo"))
    (tmp_path / "env").write_text("PASSWORD=x")
    log.write_file(str(tmp_path / "env"), b"PASSWORD=y", 0o600)
    assert (tmp_path / "undo").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "undo" / "log").stat().st_mode & 0o777 == 0o600


def test_a_log_nothing_was_changed_through_leaves_no_trace(tmp_path: Path) -> None:
    log = UndoLog(str(tmp_path / "undo"))
    log.roll_back()
    log.forget()
    assert list(tmp_path.iterdir()) == []


def test_a_made_folder_with_someone_elses_file_in_it_stays(tmp_path: Path) -> None:
    log = UndoLog(str(tmp_path / "undo"))
    log.make_directory(str(tmp_path / "data"), 0o755)
    (tmp_path / "data" / "precious").touch()
    log.roll_back()
    assert (tmp_path / "data" / "precious").exists()


def test_what_cannot_be_put_back_is_named_the_rest_is_put_back_and_the_log_kept(tmp_path: Path) -> None:
    (tmp_path / "first").write_text("old")
    (tmp_path / "second").write_text("old")
    log = UndoLog(str(tmp_path / "undo"))
    log.write_file(str(tmp_path / "first"), b"new", 0o644)
    log.write_file(str(tmp_path / "second"), b"new", 0o644)
    (tmp_path / "second").unlink()
    (tmp_path / "second").mkdir()
    with pytest.raises(NeedsPerson, match=str(tmp_path / "second")):
        log.roll_back()
    assert (tmp_path / "first").read_text() == "old"
    (tmp_path / "second").rmdir()
    UndoLog.load(str(tmp_path / "undo")).roll_back()
    assert (tmp_path / "second").read_text() == "old"


def test_an_unreadable_log_is_a_matter_for_a_person(tmp_path: Path) -> None:
    (tmp_path / "log").write_text("nonsense\n")
    with pytest.raises(NeedsPerson, match="cannot be read"):
        UndoLog.load(str(tmp_path))


def test_a_name_that_is_not_utf8_survives_the_log(tmp_path: Path) -> None:
    name = os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9\n.conf")
    Path(name).write_text("old")
    UndoLog(str(tmp_path / "undo")).write_file(name, b"new", 0o644)
    UndoLog.load(str(tmp_path / "undo")).roll_back()
    assert Path(name).read_text() == "old"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give files away")
def test_owners_come_back_too(tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    (root / "file").write_text("old")
    (root / "link").symlink_to("file")
    (root / "folder").mkdir()
    os.chown(root / "file", 65534, 65534)
    os.chown(root / "link", 65534, 65534, follow_symlinks=False)
    os.chown(root / "folder", 65534, 1)
    before = snapshot(root)
    log = UndoLog(str(tmp_path / "undo"))
    log.write_file(str(root / "file"), b"new", 0o644, 0, 0)
    log.make_link(str(root / "link"), "elsewhere")
    log.make_directory(str(root / "folder"), 0o700, 0, 0)
    assert snapshot(root)["file"][1:3] == (0, 0)
    log.roll_back()
    assert snapshot(root) == before


def test_a_group_that_a_user_joined_is_left_again(
    tmp_path: Path, programs: Programs, monkeypatch: pytest.MonkeyPatch
) -> None:
    programs.add("usermod")
    programs.add("gpasswd")
    members = ["ada"]
    monkeypatch.setattr(grp, "getgrnam", lambda _: SimpleNamespace(gr_mem=members))
    UndoLog(str(tmp_path / "undo")).join_group("ada", "sudo")
    UndoLog.load(str(tmp_path / "undo")).roll_back()
    assert programs.called() == ["usermod --append --groups sudo ada", "gpasswd --delete ada sudo"]


def test_a_group_that_a_user_is_not_in_any_more_is_left_alone(
    tmp_path: Path, programs: Programs, monkeypatch: pytest.MonkeyPatch
) -> None:
    programs.add("usermod")
    monkeypatch.setattr(grp, "getgrnam", lambda _: SimpleNamespace(gr_mem=[]))
    log = UndoLog(str(tmp_path / "undo"))
    log.join_group("ada", "sudo")
    log.roll_back()
    assert programs.called() == ["usermod --append --groups sudo ada"]
