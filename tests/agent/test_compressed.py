"""Static files in their compressed form: made once for each content, and never in the place of what was sent."""

from __future__ import annotations

import gzip
import os
from pathlib import Path

import pytest

from agent.protocol import Manager
from agent.sample import places, put, release
from seawall.agent.places import Places
from seawall.agent.stage import stage
from seawall.agent.store import Store
from seawall.agent.verify import verify
from seawall.agent.vocabulary import Entry, Release

TEXT = b"body { color: grey }\n" * 100


@pytest.fixture
def there(tmp_path: Path) -> Places:
    return places(tmp_path / "base")


@pytest.fixture
def store(there: Places) -> Store:
    return Store(there.objects)


def made(*entries: Entry) -> Release:
    return release(*entries, static={"assets": "static"})


def test_text_is_there_in_its_compressed_form_and_nothing_else_is(there: Places, store: Store) -> None:
    entries = [
        put(store, "static/a.css", TEXT),
        put(store, "static/deep/A.JS", TEXT + b"js"),
        put(store, "static/small.css", b"a {}"),
        put(store, "static/photo.jpg", TEXT + b"jpg"),
        put(store, "static/noise.txt", os.urandom(4096)),
        put(store, "app.css", TEXT),
    ]
    at = stage(there, "v1", made(*entries), "now")
    packed = {str(path.relative_to(at.root)) for path in at.root.rglob("*.gz")}
    assert packed == {"static/assets/a.css.gz", "static/assets/deep/A.JS.gz"}
    assert gzip.decompress((at.static / "assets/a.css.gz").read_bytes()) == TEXT
    assert (at.static / "assets/a.css.gz").stat().st_mode & 0o777 == 0o644


def test_an_unchanged_file_is_compressed_once_and_takes_no_more_room(there: Places, store: Store) -> None:
    entry = put(store, "static/a.css", TEXT)
    first = stage(there, "v1", made(entry), "now").static / "assets/a.css.gz"
    before = first.stat()
    second = stage(there, "v2", made(entry), "now").static / "assets/a.css.gz"
    assert second.samefile(first)
    assert (second.stat().st_mtime_ns, second.stat().st_size) == (before.st_mtime_ns, before.st_size)


def test_one_that_somebody_wrote_to_is_made_anew(there: Places, store: Store) -> None:
    entry = put(store, "static/a.css", TEXT)
    first = stage(there, "v1", made(entry), "now").static / "assets/a.css.gz"
    first.write_bytes(gzip.compress(b"edited"))
    second = stage(there, "v2", made(entry), "now").static / "assets/a.css.gz"
    assert gzip.decompress(second.read_bytes()) == TEXT


def test_what_the_project_brings_compressed_is_left_as_it_is(there: Places, store: Store) -> None:
    entries = put(store, "static/a.css", TEXT), put(store, "static/a.css.gz", b"the project's own")
    at = stage(there, "v1", made(*entries), "now")
    assert (at.static / "assets/a.css.gz").read_bytes() == b"the project's own"


def test_compressed_forms_go_with_the_last_release_that_has_them(there: Places, store: Store) -> None:
    at = stage(there, "v1", made(put(store, "static/a.css", TEXT)), "now")
    (at.static / "assets/a.css.gz").unlink()
    store.prune()
    assert not list(there.objects.glob("*.gz"))


def test_equal_contents_are_compressed_to_equal_files(tmp_path: Path) -> None:
    found = []
    for name in ("one", "two"):
        there = places(tmp_path / name)
        at = stage(there, "v1", made(put(Store(there.objects), f"static/{name}.css", TEXT)), "now")
        found.append((at.static / f"assets/{name}.css.gz").read_bytes())
    assert found[0] == found[1]


def test_verify_tells_a_compressed_form_that_holds_something_else(there: Places, store: Store) -> None:
    at = stage(there, "v1", made(put(store, "static/a.css", TEXT)), "now")
    there.live.symlink_to("releases/v1")

    def told() -> list[str]:
        found = verify(there, Manager(), every=True)
        areas = [*found["areas"], *found["releases"][0]["areas"]]
        return sorted(
            Path(item["path"]).suffix for area in areas for item in area["differences"] if ".gz" in item["path"]
        )

    assert told() == []
    (at.static / "assets/a.css.gz").write_bytes(gzip.compress(b"something else"))
    assert told() == [".gz", ".gz"], "the release's and the object, which are one"
    (at.static / "assets/a.css.gz").write_bytes(b"no gzip at all")
    assert told() == [".gz", ".gz"]
    (at.static / "assets/b.css.gz").write_bytes(gzip.compress(TEXT))
    assert told() == [".gz", ".gz", ".gz"], "nothing was sent that it could be of"
