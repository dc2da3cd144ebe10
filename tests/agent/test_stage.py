"""A release's folder: hard links, what lives on, what the front may read, and nothing outside."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest

from agent.sample import SECRET, places, put, release
from seawall.agent import releases
from seawall.agent.errors import BadRequest
from seawall.agent.places import Places
from seawall.agent.stage import stage
from seawall.agent.store import Store
from seawall.agent.vocabulary import Entry, Listen, UnitFile


@pytest.fixture
def there(tmp_path: Path) -> Places:
    return places(tmp_path / "base")


@pytest.fixture
def store(there: Places) -> Store:
    return Store(there.objects)


def test_files_are_hard_links_so_a_second_release_takes_no_room(there: Places, store: Store) -> None:
    app, tool = put(store, "app.py", b"app"), put(store, "bin/tool", b"tool", executable=True)
    first = stage(there, "v1", release(app, tool), "now")
    second = stage(there, "v2", release(app, tool), "now")
    assert (first.code / "app.py").samefile(store.path(app))
    assert (second.code / "app.py").samefile(store.path(app))
    assert (first.code / "bin/tool").stat().st_mode & 0o777 == 0o755
    assert (first.code / "app.py").stat().st_mode & 0o777 == 0o644


@pytest.mark.parametrize(
    "name", ["with space.txt", "new\nline.txt", "-rf", "ünï.txt", os.fsdecode(b"caf\xe9.txt"), "$(x)"]
)
def test_files_of_any_name_are_there(there: Places, store: Store, name: str) -> None:
    folder = f"folder {name}"
    at = stage(there, "v1", release(put(store, name, b"x"), put(store, f"{folder}/{name}", b"y")), "now")
    assert {os.fsencode(path) for path in os.listdir(at.code)} == {os.fsencode(name), os.fsencode(folder)}
    assert (at.code / folder / name).read_bytes() == b"y"
    assert releases.load(there, "v1").release.entries[0].path == name


def test_links_stay_links(there: Places, store: Store) -> None:
    at = stage(there, "v1", release(put(store, "a/b", b"x"), Entry("link", target="a/b")), "now")
    assert os.readlink(at.code / "link") == "a/b"
    assert (at.code / "link").read_bytes() == b"x"


@pytest.mark.parametrize("path", ["../x", "/etc/x", "a/../../x", "."])
def test_a_path_that_leads_out_of_the_release_is_refused(there: Places, store: Store, path: str) -> None:
    good = put(store, "a/x", b"x")
    with pytest.raises(BadRequest, match="leads out"):
        stage(there, "v1", release(Entry(path, good.sha256, 1)), "now")
    with pytest.raises(BadRequest, match="leads out"):
        stage(there, "v2", release(good, persist=(path,)), "now")
    with pytest.raises(BadRequest, match="leads out"):
        stage(there, "v3", release(good, static={path: "a"}), "now")
    with pytest.raises(BadRequest, match="leads out"):
        stage(there, "v4", release(good, files=(UnitFile(path, "x"),)), "now")
    assert not (there.releases / "x").exists()
    assert not Path("/etc/x").exists()


def test_persisted_paths_begin_with_what_the_project_holds_and_then_keep_what_the_app_wrote(
    there: Places, store: Store
) -> None:
    wanted = release(put(store, "app.py", b""), put(store, "up/first", b"first"), persist=("up", "deep/er", "app.db"))
    first = stage(there, "v1", wanted, "now")
    assert (first.code / "up/first").read_bytes() == b"first"
    assert os.readlink(first.code / "up") == str(there.data / "up")
    assert (there.data / "deep/er").is_dir()
    assert (first.code / "app.db").is_symlink()
    assert not (there.data / "app.db").exists()
    (first.code / "up/first").write_bytes(b"changed")
    (first.code / "app.db").write_bytes(b"rows")
    second = stage(there, "v2", wanted, "now")
    assert (second.code / "up/first").read_bytes() == b"changed"
    assert (second.code / "app.db").read_bytes() == b"rows"


def test_writing_to_a_persisted_file_leaves_the_store_as_it_is(there: Places, store: Store) -> None:
    first = put(store, "up/first", b"first")
    at = stage(there, "v1", release(first, persist=("up",)), "now")
    (at.code / "up/first").write_bytes(b"changed")
    assert store.path(first).read_bytes() == b"first"


def test_static_files_lie_a_second_time_where_the_front_may_read_them(there: Places, store: Store) -> None:
    style = put(store, "web/static/css/style.css", b"css")
    at = stage(there, "v1", release(style, put(store, "web/app.py", b""), static={"static": "web/static"}), "now")
    assert (at.static / "static/css/style.css").samefile(store.path(style))
    assert [path.name for path in at.static.rglob("*")] == ["static", "css", "style.css"]
    assert (at.static / "static/css").stat().st_mode & 0o005 == 0o005


def test_a_link_to_a_static_file_is_there_for_the_front_too(there: Places, store: Store) -> None:
    logo = put(store, "art/logo.svg", b"svg")
    link = Entry("static/logo.svg", target="../art/logo.svg")
    at = stage(there, "v1", release(logo, link, static={"static": "static"}), "now")
    assert (at.static / "static/logo.svg").read_bytes() == b"svg"


def test_generated_files_name_the_release_and_only_root_reads_the_secrets(there: Places, store: Store) -> None:
    at = stage(there, "v7", release(put(store, "app.py", b"")), "now")
    assert (at.root / "settings/server.py").read_text() == "# v7\n"
    assert (at.units / "web-v7.ini").read_text() == "of v7"
    assert os.readlink(at.root / "web.sock") == str(there.run / "v7.sock")
    for private in (at.env, at.record, at.units / "web-v7.ini"):
        assert private.stat().st_mode & 0o077 == 0
    holding = [path.name for path in at.root.rglob("*") if path.is_file() and SECRET in path.read_text()]
    assert holding == ["env"]


def test_an_existing_release_is_never_written_over(there: Places, store: Store) -> None:
    stage(there, "v1", release(put(store, "app.py", b"")), "now")
    with pytest.raises(FileExistsError):
        stage(there, "v1", release(put(store, "app.py", b"other")), "now")


@pytest.mark.parametrize(
    ("release_id", "listen", "markers"),
    [
        ("v7", Listen(), {"web.http-socket": ""}),
        ("v7", Listen("uwsgi"), {"web.uwsgi": "", "web.uwsgi-socket": ""}),
        ("v7", Listen("http", "127.4.5.6"), {"web.tcp": "127.4.5.6:10007"}),
        ("v12345", Listen("uwsgi", "127.4.5.6"), {"web.uwsgi": "", "web.tcp": "127.4.5.6:12345"}),
    ],
)
def test_a_release_tells_the_front_server_how_it_is_asked(
    there: Places, release_id: str, listen: Listen, markers: dict[str, str]
) -> None:
    """The port, which neighbours never share, also stands in the generated files."""
    files = (UnitFile("settings/server.py", "@RELEASE@ @PORT@"),)
    at = stage(there, release_id, release(listen=listen, files=files), "now")
    assert {path.name: path.read_text() for path in at.root.glob("web.*") if not path.is_symlink()} == {
        "web.release": release_id,
        **markers,
    }
    assert all(stat.S_IMODE((at.root / name).stat().st_mode) == 0o644 for name in markers)
    links = {path.name: os.readlink(path) for path in at.root.iterdir() if path.is_symlink()}
    assert links == {"uwsgi.sock" if listen.speaks == "uwsgi" else "web.sock": str(at.socket)}
    port = "12345" if release_id == "v12345" else "10007"
    assert (at.root / "settings/server.py").read_text() == f"{release_id} {port}"


def test_a_release_made_before_there_was_a_choice_speaks_http_on_its_socket(there: Places) -> None:
    at = stage(there, "v1", release(), "now")
    record = json.loads(at.record.read_bytes())
    del record["release"]["listen"]
    at.record.write_text(json.dumps(record))
    assert releases.load(there, "v1").release.listen == Listen()
