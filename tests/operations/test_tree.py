"""What travels, what never does, and what is said of the rest."""

from __future__ import annotations

import hashlib
import json
import os
import socket
from pathlib import Path

import pytest

from seawall.agent.vocabulary import Entry
from seawall.errors import ProjectError
from seawall.operations import tree
from seawall.operations.tree import list_tree


def write(folder: Path, *names: str) -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)


def paths(folder: Path, *exclude: str, root: str = ".") -> list[str]:
    return [entry.path for entry in list_tree(folder, root, exclude).entries]


def test_files_travel_with_their_content_size_and_executable_bit(tmp_path: Path) -> None:
    write(tmp_path, "app.py", "bin/tool")
    (tmp_path / "bin/tool").chmod(0o755)
    digest = {name: hashlib.sha256(name.encode()).hexdigest() for name in ("app.py", "bin/tool")}
    assert list_tree(tmp_path, ".", ()).entries == (
        Entry("app.py", digest["app.py"], 6, executable=False),
        Entry("bin/tool", digest["bin/tool"], 8, executable=True),
    )


def test_what_must_stay_home_never_travels(tmp_path: Path) -> None:
    write(
        tmp_path,
        "app.py",
        ".git/config",
        "part/.git",
        ".env",
        ".env.production",
        "part/.env",
        ".flaskenv",
        "seawall.secrets",
        ".seawall/local/data/x",
        "part/__pycache__/app.cpython-311.pyc",
        "old.pyc",
        ".venv/bin/python",
        "environment/pyvenv.cfg",
        "environment/bin/python",
        "node_modules/x/index.js",
    )
    assert paths(tmp_path) == ["app.py"]


@pytest.mark.parametrize("patterns", [["!.env", "!.git"], ["!*"], ["!*/", "!**/.env"], ["*", "!*/", "!*.py", "!.*"]])
def test_no_pattern_brings_back_what_must_stay_home(tmp_path: Path, patterns: list[str]) -> None:
    write(tmp_path, "app.py", ".env", ".git/config", "part/.env", ".venv/x.py")
    assert paths(tmp_path, *patterns) == ["app.py"]


def test_gitignore_and_exclude_keep_files_home_and_an_exclamation_mark_brings_back(tmp_path: Path) -> None:
    write(tmp_path, "app.py", "build/app.js", "build/app.map", "notes.txt", "docs/index.md", "docs/keep.md")
    (tmp_path / ".gitignore").write_text("# made\nbuild/*\n")
    assert paths(tmp_path) == [".gitignore", "app.py", "docs/index.md", "docs/keep.md", "notes.txt"]
    assert paths(tmp_path, "*.txt", "/docs/*", "!/docs/keep.md", "!build/app.js") == [
        ".gitignore",
        "app.py",
        "build/app.js",
        "docs/keep.md",
    ]


def test_only_the_root_of_the_app_travels(tmp_path: Path) -> None:
    write(tmp_path, "readme", "backend/app.py")
    assert paths(tmp_path, root="backend") == ["app.py"]


@pytest.mark.parametrize("name", ["with space", "new\nline", "-rf", "ünï", os.fsdecode(b"caf\xe9"), "*", "#x", "!x"])
def test_a_file_of_any_name_travels(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("x")
    for _ in range(2):  # the second time from the remembered hashes
        (entry,) = list_tree(tmp_path, ".", ()).entries
        assert os.fsencode(entry.path) == os.fsencode(name)
        assert json.loads(json.dumps(entry.path)) == name


def test_links_inside_travel_as_links_relative_to_where_they_are(tmp_path: Path) -> None:
    write(tmp_path, "a/file")
    (tmp_path / "a" / "absolute").symlink_to(tmp_path / "a" / "file")
    (tmp_path / "folder").symlink_to("a")
    (tmp_path / "chain").symlink_to("folder/absolute")
    links = {entry.path: entry.target for entry in list_tree(tmp_path, ".", ()).entries if entry.target}
    assert links == {"a/absolute": "file", "folder": "a", "chain": "a/file"}


def test_a_link_that_leads_out_is_refused_unless_it_is_excluded(tmp_path: Path) -> None:
    write(tmp_path, "project/app.py", "secret")
    (tmp_path / "project" / "out").symlink_to("../secret")
    with pytest.raises(ProjectError, match="leads out of the project") as caught:
        paths(tmp_path / "project")
    assert caught.value.place == "out"
    assert "exclude" in caught.value.remedy
    assert paths(tmp_path / "project", "out") == ["app.py"]


def test_a_folder_whose_name_only_begins_alike_is_outside(tmp_path: Path) -> None:
    write(tmp_path, "project/app.py", "project-other/secret")
    (tmp_path / "project" / "out").symlink_to("../project-other/secret")
    with pytest.raises(ProjectError, match="leads out"):
        paths(tmp_path / "project")


@pytest.mark.parametrize("target", ["nothing", "self"])
def test_a_link_to_nothing_or_in_a_circle_is_refused(tmp_path: Path, target: str) -> None:
    (tmp_path / "self").symlink_to(target)
    with pytest.raises(ProjectError, match="link to nothing"):
        paths(tmp_path)


def test_a_socket_or_a_pipe_stays_home_and_that_is_said(tmp_path: Path) -> None:
    write(tmp_path, "app.py")
    os.mkfifo(tmp_path / "pipe")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "sock"))
    found = list_tree(tmp_path, ".", ())
    assert [entry.path for entry in found.entries] == ["app.py"]
    assert sorted(found.notes) == [
        "'pipe' is neither a file, a folder nor a link, and stays here",
        "'sock' is neither a file, a folder nor a link, and stays here",
    ]


@pytest.fixture
def hashed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The files whose content was read."""
    read: list[str] = []
    of = tree._hash
    monkeypatch.setattr(tree, "_hash", lambda path: (read.append(Path(path).name), of(path))[1])
    return read


def test_a_file_is_read_again_only_after_it_changed(tmp_path: Path, hashed: list[str]) -> None:
    write(tmp_path, "a", "b")
    before = list_tree(tmp_path, ".", ()).entries
    assert sorted(hashed) == ["a", "b"]
    hashed.clear()
    assert list_tree(tmp_path, ".", ()).entries == before
    assert hashed == []
    (tmp_path / "a").write_text("c")
    os.utime(tmp_path / "a", ns=(0, 0))  # the same size, and a time of modification that says nothing
    assert list_tree(tmp_path, ".", ()).entries != before
    assert hashed == ["a"]


def test_a_damaged_cache_is_as_good_as_none(tmp_path: Path) -> None:
    write(tmp_path, "a")
    before = list_tree(tmp_path, ".", ()).entries
    (cache,) = tmp_path.rglob(tree.CACHE)
    for damage in ("{", "[]", '{"%s": 3}' % (tmp_path / "a"), '{"%s": []}' % (tmp_path / "a")):
        cache.write_text(damage)
        assert list_tree(tmp_path, ".", ()).entries == before


def test_a_place_without_room_for_the_cache_is_only_slower(tmp_path: Path) -> None:
    write(tmp_path, "a", ".seawall")
    assert paths(tmp_path) == [".seawall", "a"] or paths(tmp_path) == ["a"]


@pytest.mark.parametrize(
    ("pattern", "stays"),
    [
        ("*.log", {"a/x.log", "a/deep/y.log"}),
        ("/x.log", {"a/x.log"}),
        ("deep/", {"a/deep/y.log"}),
        ("deep/y.log", {"a/deep/y.log"}),
        ("*.log\n!y.log", {"a/x.log"}),
        ("# *.log", set()),
    ],
)
def test_a_gitignore_in_a_folder_holds_below_that_folder_only(tmp_path: Path, pattern: str, stays: set[str]) -> None:
    files = {"a/x.log", "a/deep/y.log", "b/x.log", "x.log"}
    for name in files:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("text")
    (tmp_path / "a" / ".gitignore").write_text(pattern)
    travel = {entry.path for entry in list_tree(tmp_path, ".", ()).entries}
    assert travel - {"a/.gitignore"} == files - stays


def test_exclude_brings_back_what_a_gitignore_in_a_folder_names(tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / ".gitignore").write_text("*\n")
    (tmp_path / "model" / "weights.bin").write_text("text")
    entries = list_tree(tmp_path, ".", ("!/model/weights.bin",)).entries
    assert [entry.path for entry in entries] == ["model/weights.bin"]


def test_a_link_to_what_stays_home_is_said(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("A=1")
    (tmp_path / "settings").symlink_to(".env")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "file").write_text("text")
    (tmp_path / "good").symlink_to("folder")
    assert list_tree(tmp_path, ".", ()).notes == ("'settings' is a link to '.env', which stays here",)
