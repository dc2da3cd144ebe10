"""Contents by their hash: what is missing, what has half arrived, what is damaged, what nobody needs."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from agent.sample import put
from seawall.agent import store as store_module
from seawall.agent.errors import BadRequest
from seawall.agent.store import Store, is_sound
from seawall.agent.vocabulary import Entry


@pytest.fixture
def store(tmp_path: Path) -> Store:
    root = tmp_path / "objects"
    root.mkdir()
    return Store(root)


def entry(content: bytes, *, executable: bool = False) -> Entry:
    return Entry("a", hashlib.sha256(content).hexdigest(), len(content), executable)


def test_everything_is_missing_where_there_is_no_store_yet(tmp_path: Path) -> None:
    wanted = entry(b"one")
    assert Store(tmp_path / "none").missing([wanted]) == {wanted.sha256: 0}


def test_what_arrived_is_missing_no_more(store: Store) -> None:
    there = put(store, "a", b"one")
    assert store.missing([there, Entry("link", target="a")]) == {}
    assert store.path(there).read_bytes() == b"one"
    assert store.path(there).stat().st_mode & 0o777 == 0o644


def test_a_program_and_a_text_of_the_same_content_are_two_objects(store: Store) -> None:
    put(store, "a", b"one")
    program = entry(b"one", executable=True)
    assert store.missing([program]) == {f"{program.sha256}.x": 0}
    put(store, "a", b"one", executable=True)
    assert store.path(program).stat().st_mode & 0o777 == 0o755


def test_an_upload_goes_on_where_it_was_cut_off(store: Store) -> None:
    wanted = entry(b"0123456789")
    store.receive(wanted.sha256, 0, b"0123")
    assert Store(store.root).missing([wanted]) == {wanted.sha256: 4}
    store.receive(wanted.sha256, 4, b"456789")
    assert store.whole(wanted.sha256)
    store.keep([wanted.sha256])
    assert store.path(wanted).read_bytes() == b"0123456789"


def test_a_piece_sent_again_from_an_earlier_offset_replaces_what_came_after(store: Store) -> None:
    wanted = entry(b"0123456789")
    store.receive(wanted.sha256, 0, b"01234xxxxxxxxx")
    store.receive(wanted.sha256, 5, b"56789")
    assert store.whole(wanted.sha256)


def test_damaged_content_never_gets_its_name_and_is_sent_afresh(store: Store) -> None:
    wanted = entry(b"one")
    store.receive(wanted.sha256, 0, b"two")
    assert not store.whole(wanted.sha256)
    assert store.missing([wanted]) == {wanted.sha256: 0}


def test_content_that_is_whole_is_not_there_before_the_disk_has_it(store: Store) -> None:
    wanted = entry(b"one")
    store.receive(wanted.sha256, 0, b"one")
    assert store.whole(wanted.sha256)
    assert not store.path(wanted).exists()
    store.keep([wanted.sha256])
    assert store.path(wanted).exists()


@pytest.mark.parametrize("name", ["../../etc/passwd", "", "a" * 63, "A" * 64, "a" * 64 + ".y", "a" * 64 + "/b"])
def test_a_name_that_is_no_hash_is_refused(store: Store, name: str) -> None:
    with pytest.raises(BadRequest):
        store.receive(name, 0, b"x")
    with pytest.raises(BadRequest):
        store.whole(name)
    assert os.listdir(store.root) == []


def test_only_what_no_release_links_to_is_pruned(store: Store, tmp_path: Path) -> None:
    kept, gone = put(store, "a", b"kept"), put(store, "b", b"gone")
    os.link(store.path(kept), tmp_path / "in a release")
    store.receive("0" * 64, 0, b"half sent")
    assert store.prune() == 2
    assert store.missing([kept, gone]) == {gone.sha256: 0}


def test_a_content_that_was_edited_in_place_counts_as_missing_and_is_replaced_by_the_next_upload(
    tmp_path: Path,
) -> None:
    store = Store(tmp_path)
    entry = put(store, "app.py", b"as sent")
    assert store.missing([entry]) == {}
    store.path(entry).write_bytes(b"AS SENT")
    assert store.missing([entry]) == {entry.sha256: 0}
    put(store, "app.py", b"as sent")
    assert store.path(entry).read_bytes() == b"as sent"
    assert store.missing([entry]) == {}


def test_a_content_that_was_not_written_to_is_not_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store(tmp_path)
    entry = put(store, "app.py", b"as sent")
    monkeypatch.setattr(store_module, "hash_file", lambda _: pytest.fail("it was read"))
    assert store.missing([entry]) == {}


def test_a_content_without_its_mark_is_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Contents of earlier versions of seawall have no mark."""
    store = Store(tmp_path)
    entry = put(store, "app.py", b"as sent")
    os.utime(store.path(entry), ns=(0, 5 * 10**9))
    assert store.missing([entry]) == {}
    assert store.path(entry).stat().st_mtime_ns // 10**9 == 5
    monkeypatch.setattr(store_module, "hash_file", lambda _: pytest.fail("it was read again"))
    assert store.missing([entry]) == {}


def test_a_content_of_another_size_or_kind_is_not_sound(tmp_path: Path) -> None:
    store = Store(tmp_path)
    entry = put(store, "app.py", b"as sent")
    status = store.path(entry).stat()
    store.path(entry).write_bytes(b"longer than it was")
    os.utime(store.path(entry), ns=(status.st_atime_ns, status.st_mtime_ns))
    assert not is_sound(str(store.path(entry)), entry)
    store.path(entry).unlink()
    store.path(entry).symlink_to("/etc/passwd")
    assert not is_sound(str(store.path(entry)), entry)
