"""Environments are resolved once, built once and shared; a stand-in for uv tells what it was asked."""

from __future__ import annotations

import hashlib
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from agent.fake_programs import Programs
from agent.sample import places, put, release
from seawall.agent import contents, requirement_files, venvs
from seawall.agent.errors import BuildFailed, Cancelled
from seawall.agent.places import Places
from seawall.agent.stage import stage
from seawall.agent.store import Store
from seawall.agent.venvs import Builder
from seawall.agent.vocabulary import Release, Requirements

UV = f"""
case "$1 $2" in
"pip compile") cat; case "$*" in *requirements.txt*) sed 's/$/==1.0/' requirements.txt;; esac;;
"venv --quiet") for last; do :; done; mkdir -p "$last/bin"; ln -sf {sys.executable} "$last/bin/python";;
"pip install") cat > "$(dirname "$(dirname "$(echo "$*" | sed 's/.*--python \\([^ ]*\\).*/\\1/')")")/installed";;
esac
"""


class Venvs:
    """An app whose environments are made by a uv that is none."""

    def __init__(self, base: Path, uv: Programs) -> None:
        made = places(base)
        self.places = Places(type(made.layout)(**{**vars(made.layout), "uv": str(uv.folder / "uv")}))
        self.uv = uv
        self.count = 0
        self.cancelled = False

    def release(self, requirements: str, **wanted: Any) -> Release:
        entry = put(Store(self.places.objects), "requirements.txt", requirements.encode())
        return release(entry, requirements=Requirements(path="requirements.txt", **wanted))

    def build(self, wanted: Release) -> Path:
        """The environment of a new release."""
        self.count += 1
        at = stage(self.places, f"v{self.count}", wanted, "now")
        Builder(self.places, lambda _: None, lambda: self.cancelled).build(at, wanted)
        return at.venv.resolve()

    def asked(self) -> list[str]:
        """What uv was asked since the last time."""
        said = [" ".join(line.split()[1:3]) for line in self.uv.called()]
        self.uv.calls.unlink(missing_ok=True)
        return said


@pytest.fixture
def app(tmp_path: Path) -> Venvs:
    (tmp_path / "programs").mkdir()
    uv = Programs(tmp_path / "programs")
    uv.add("uv", UV)
    return Venvs(tmp_path / "base", uv)


def test_requirements_are_resolved_once_and_the_environment_is_shared(app: Venvs) -> None:
    first = app.build(app.release("lib\n"))
    assert app.asked() == ["pip compile", "venv --quiet", "pip install"]
    assert (first / "installed").read_text() == "lib==1.0\n"
    assert app.build(app.release("lib\n")) == first
    assert app.asked() == []


def test_other_requirements_or_another_python_make_another_environment(app: Venvs) -> None:
    first = app.build(app.release("lib\n"))
    assert app.build(app.release("other\n")) != first
    assert app.build(app.release("lib\n", python="3.12")) != first
    assert len(list(app.places.venvs.iterdir())) == 3


def test_what_the_stack_needs_is_added_unless_the_app_names_it_itself(app: Venvs) -> None:
    added = app.build(app.release("lib\n", extra=("gunicorn>=23",)))
    assert (added / "installed").read_text() == "lib==1.0\ngunicorn>=23\n"
    own = app.build(app.release("Gunicorn\n", extra=("gunicorn>=23",)))
    assert (own / "installed").read_text() == "Gunicorn==1.0\n"


def test_a_locked_list_is_installed_as_it_is(app: Venvs) -> None:
    text = "lib==2.0 \\\n    --hash=sha256:abc\n"
    made = app.build(release(requirements=Requirements(text=text, locked=True)))
    assert app.asked() == ["venv --quiet", "pip install"]
    assert (made / "installed").read_text() == text


def test_an_app_without_requirements_gets_an_empty_environment(app: Venvs) -> None:
    made = app.build(release())
    assert (made / "bin" / "python").exists()
    assert not (made / "installed").exists()


def test_an_included_file_counts_as_part_of_the_requirements(app: Venvs) -> None:
    store = Store(app.places.objects)
    asked = []
    for text in (b"one\n", b"two\n"):
        entries = put(store, "requirements.txt", b"-r more/base.txt\n"), put(store, "more/base.txt", text)
        app.build(release(*entries, requirements=Requirements(path="requirements.txt")))
        asked.append(app.asked())
    assert asked[0][0] == asked[1][0] == "pip compile"


def test_a_part_of_the_project_among_the_requirements_is_built_anew_for_each_content(app: Venvs) -> None:
    store = Store(app.places.objects)
    made = []
    for text in (b"one", b"two", b"two"):
        entries = put(store, "requirements.txt", b"-e ./part\n"), put(store, "part/part.py", text)
        made.append(app.build(release(*entries, requirements=Requirements(path="requirements.txt"))))
        assert not (app.places.release(f"v{app.count}").root / "source").exists()
    assert made[0] != made[1]
    assert made[1] == made[2]
    assert (made[0] / "installed").read_text().startswith("./part")


def test_an_environment_that_was_not_finished_is_built_anew(app: Venvs) -> None:
    made = app.build(app.release("lib\n"))
    app.places.release("v1").venv.unlink()  # a build that was cut off has not come to the link
    (made / venvs.COMPLETE).unlink()
    (made / "half").touch()
    app.asked()
    assert app.build(app.release("lib\n")) == made
    assert app.asked() == ["venv --quiet", "pip install"]
    assert not (made / "half").exists()


def test_an_environment_that_lost_its_mark_while_a_release_uses_it_is_left_alone_and_another_made_beside_it(
    app: Venvs,
) -> None:
    first = app.build(app.release("lib\n"))
    (first / venvs.COMPLETE).unlink()
    second = app.build(app.release("lib\n"))
    assert second.name == f"{first.name}.2"
    assert (first / "installed").exists()
    assert any("--no-cache" in call for call in app.uv.called() if "pip install" in call)
    assert app.build(app.release("lib\n")) == second
    (second / venvs.COMPLETE).unlink()
    assert app.build(app.release("lib\n")).name == f"{first.name}.3"


def test_what_an_environment_and_the_compiled_code_held_is_recorded(app: Venvs) -> None:
    wanted = app.release("lib\n")
    entry = put(Store(app.places.objects), "app.py", b"x = 1\n")
    made = app.build(release(*wanted.entries, entry, requirements=wanted.requirements))
    recorded = contents.read(made / venvs.COMPLETE)
    assert recorded is not None
    assert recorded["installed"] == hashlib.sha256(b"lib==1.0\n").hexdigest()
    assert recorded["bin/python"] == f"-> {sys.executable}"
    assert {path: digest for path, digest in contents.digests(made).items() if path != venvs.COMPLETE} == recorded
    bytecode = contents.read(app.places.release("v1").bytecode)
    assert bytecode is not None
    assert [path.split(".")[0] for path in bytecode] == ["__pycache__/app"]


def test_where_every_requirement_has_a_hash_nothing_comes_without_one(app: Venvs) -> None:
    app.build(app.release("lib\n"))
    assert not any("--require-hashes" in call for call in app.uv.called())
    app.uv.calls.unlink()
    app.build(app.release("lib==1.0 --hash=sha256:abc\n"))
    (call,) = [call for call in app.uv.called() if "pip install" in call]
    assert "--require-hashes" in call


def test_requirements_with_hashes_are_taken_as_they_are_and_not_resolved_anew(app: Venvs) -> None:
    store = Store(app.places.objects)
    entries = (
        put(store, "requirements.txt", b"# all\n-r base.txt\nlib==1.0 \\\n  --hash=sha256:abc  # why\n"),
        put(store, "base.txt", b"--index-url https://example.com/simple\nother==2.0 --hash=sha256:def\n"),
    )
    made = app.build(release(*entries, requirements=Requirements(path="requirements.txt")))
    assert app.asked() == ["venv --quiet", "pip install"]
    assert set((made / "installed").read_text().splitlines()) == {
        "lib==1.0    --hash=sha256:abc",
        "--index-url https://example.com/simple",
        "other==2.0 --hash=sha256:def",
    }


def test_a_constraint_among_requirements_with_hashes_needs_none_and_is_not_installed(app: Venvs) -> None:
    store = Store(app.places.objects)
    entries = (
        put(store, "requirements.txt", b"-c constraints.txt\nlib==1.0 --hash=sha256:abc\n"),
        put(store, "constraints.txt", b"other==2.0\n"),
    )
    made = app.build(release(*entries, requirements=Requirements(path="requirements.txt")))
    assert (made / "installed").read_text() == "lib==1.0 --hash=sha256:abc\n"


@pytest.mark.parametrize("included", ["base.txt", "../base.txt", "/etc/hostname"])
def test_an_included_file_that_was_not_sent_is_told_and_not_left_out(app: Venvs, included: str) -> None:
    with pytest.raises(BuildFailed, match=r"is not among the files of the project") as caught:
        app.build(app.release(f"lib==1.0 --hash=sha256:abc\n-r {included}\n"))
    assert included in caught.value.fact


def test_what_the_stack_adds_to_requirements_with_hashes_has_its_own(app: Venvs) -> None:
    app.build(app.release("lib==1.0 --hash=sha256:abc\n", extra=("gunicorn>=23",)))
    (call,) = [call for call in app.uv.called() if "pip compile" in call]
    assert "--generate-hashes" in call


def test_one_requirement_without_a_hash_among_others_with_one_is_refused_by_name(app: Venvs) -> None:
    with pytest.raises(BuildFailed, match=r"other==2\.0 has no hash") as caught:
        app.build(app.release("lib==1.0 --hash=sha256:abc\nother==2.0\n"))
    assert "--generate-hashes" in caught.value.remedy


def test_a_wrong_hash_is_the_error_and_its_package_is_named(app: Venvs) -> None:
    said = "echo '  × Failed to download `lib==1.0`' >&2; echo '  ╰─▶ Hash mismatch for `lib==1.0`' >&2; exit 1"
    app.uv.add("uv", f'case "$1 $2" in "pip install") {said};; esac' + UV)
    with pytest.raises(BuildFailed, match=r"Hash mismatch for `lib==1\.0`") as caught:
        app.build(app.release("lib==1.0 --hash=sha256:abc\n"))
    assert "somebody exchanged the file" in caught.value.remedy


def test_what_uv_says_is_the_error_and_nothing_is_left(app: Venvs) -> None:
    app.uv.add(
        "uv", 'case "$1 $2" in "pip install") echo "  × No solution found: lib==9 is missing" >&2; exit 1;; esac' + UV
    )
    with pytest.raises(BuildFailed, match="No solution found: lib==9 is missing") as caught:
        app.build(app.release("lib\n"))
    assert "×" in caught.value.output
    assert list(app.places.venvs.iterdir()) == []
    app.uv.add("uv", UV)
    assert (app.build(app.release("lib\n")) / "installed").exists()


def test_who_stops_waiting_ends_it_and_the_next_build_is_whole(app: Venvs) -> None:
    app.uv.add("uv", "sleep 600")
    app.cancelled = True
    with pytest.raises(Cancelled):
        app.build(app.release("lib\n"))
    app.cancelled = False
    app.uv.add("uv", UV)
    assert (app.build(app.release("lib\n")) / "installed").exists()


def test_the_apps_code_is_compiled_for_it_and_a_file_that_does_not_compile_is_its_own_affair(app: Venvs) -> None:
    store = Store(app.places.objects)
    app.build(release(put(store, "app.py", b"x = 1\n"), put(store, "old.py", b"print 'python 2'\n")))
    code = app.places.release("v1").code
    assert [path.name.split(".")[0] for path in (code / "__pycache__").iterdir()] == ["app"]
    assert store.missing([]) == {}
    assert hashlib.sha256((code / "app.py").read_bytes()).hexdigest() in os.listdir(app.places.objects)


def test_environments_that_no_kept_release_uses_are_removed(app: Venvs) -> None:
    first, second = app.build(app.release("one\n")), app.build(app.release("two\n"))
    venvs.prune(app.places, iter([app.places.release("v2").venv, app.places.release("v9").venv]))
    assert not first.exists()
    assert second.exists()


@pytest.mark.parametrize(
    ("line", "local"),
    [
        ("./part", True),
        ("../part", True),
        ("/opt/part", True),
        (".", True),
        (".[extra]", True),
        ("-e part", True),
        ("-e ./part", True),
        ("--editable=part", True),
        ("part @ file:///opt/part", True),
        ("part[x] @ ./part", True),
        ("file:///opt/part", True),
        ("part", False),
        ("part==1.0 ; python_version > '3'", False),
        ("part @ https://example.com/part.whl", False),
        ("-e git+https://example.com/part", False),
        ("git+ssh://git@example.com/part.git", False),
        ("--index-url https://example.com/", False),
    ],
)
def test_a_requirement_that_is_a_path_is_recognised(line: str, local: bool) -> None:
    assert requirement_files.any_local([line]) is local


def test_root_never_runs_what_a_build_put_into_the_environment(tmp_path: Path) -> None:
    """A build script is a stranger's code; the environment is its own while it runs."""
    (tmp_path / "venv/bin").mkdir(parents=True)
    python = tmp_path / "venv/bin/python"
    for name in ("python", "python3.11", "evil"):
        (tmp_path / "venv" / name).write_text("#!/bin/sh\n")
        (tmp_path / "venv" / name).chmod(0o755)
        python.unlink(missing_ok=True)
        python.symlink_to(tmp_path / "venv" / name)
        assert not venvs.compiler(tmp_path / "venv", "seawall-build").startswith(str(tmp_path))


def test_the_hosts_own_interpreter_of_that_name_compiles(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "hosts").mkdir()
    own = tmp_path / "hosts/python3.11"
    own.touch(0o755)
    monkeypatch.setattr(venvs, "PATH", str(tmp_path / "hosts"))
    (tmp_path / "bin/python").symlink_to("/somewhere/else/python3.11")
    assert venvs.compiler(tmp_path, "seawall-build") == str(own)
    assert venvs.compiler(tmp_path, "") == str(tmp_path / "bin/python")


def test_rights_that_a_build_gave_to_others_are_taken_back_and_links_are_not_followed(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.touch()
    outside.chmod(0o666)
    venv = tmp_path / "venv"
    (venv / "lib").mkdir(parents=True)
    (venv / "lib/link").symlink_to(outside)
    (venv / "lib/tool").touch()
    os.mkfifo(venv / "lib/pipe")
    (venv / "lib/tool").chmod(0o777)
    (venv / "lib").chmod(0o777)
    venvs.close_to_others(venv)
    assert [oct((venv / name).stat().st_mode & 0o777) for name in ("lib", "lib/tool")] == ["0o755", "0o755"]
    assert outside.stat().st_mode & 0o777 == 0o666


def test_a_pipe_that_a_build_left_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert contents.digests(tmp_path) == {"pipe": ""}
