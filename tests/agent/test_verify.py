"""Verify reads a release again and names every path that is not as it was sent."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from agent.protocol import Manager
from agent.sample import SECRET, places, put, release
from seawall.agent import contents, resolutions, venvs
from seawall.agent.places import Places, ReleasePlaces
from seawall.agent.stage import stage
from seawall.agent.store import Store
from seawall.agent.verify import verify
from seawall.agent.vocabulary import Entry, Program, Requirements

PACKAGES = "lib/python3.11/site-packages"
LOCKED = "lib==1.0\nonly-elsewhere==2 ; sys_platform == 'win32'\n"


class Running(Manager):
    """A service manager that says that v1 runs, as this process of the test."""

    def __init__(self, pid: int) -> None:
        super().__init__()
        self.pid = pid

    def installed(self, places: Places) -> list[str]:
        return ["v1"]

    def pids(self, at: ReleasePlaces, program: Program) -> list[int]:
        return [self.pid] if self.pid else []


class Made:
    """A release v1 with everything that a real one has, and a process in its code."""

    def __init__(self, folder: Path) -> None:
        self.there = places(folder / "base")
        store = Store(self.there.objects)
        self.wanted = release(
            put(store, "app.py", b"app"),
            put(store, "tool", b"tool", executable=True),
            put(store, "static/a.css", b"a {}"),
            put(store, "kept/first", b"x"),
            Entry("link", target="app.py"),
            persist=("kept",),
            static={"assets": "static"},
            requirements=Requirements(text=LOCKED, locked=True),
        )
        self.make("v1")
        for name, text in (("web-v1.ini", "of v1"),):
            (self.there.base / "units" / name).write_text(text)
        self.there.live.symlink_to("releases/v1")
        python = str(self.at.venv / "bin/python")
        self.process = subprocess.Popen([python, "-c", "import time; time.sleep(600)"], cwd=self.at.code)

    def make(self, name: str) -> None:
        at = stage(self.there, name, self.wanted, "now")
        cache = at.code / "__pycache__"
        cache.mkdir()
        (cache / "app.cpython-311.pyc").write_bytes(b"compiled")
        contents.write(at.bytecode, contents.digests(at.code, contents.is_bytecode))
        at.venv.symlink_to(self._venv(at))

    def _venv(self, at: ReleasePlaces) -> Path:
        venv = self.there.venvs / venvs.environment_key(LOCKED, self.wanted)
        if venv.exists():
            return venv
        packages, info = venv / PACKAGES, venv / PACKAGES / "lib-1.0.dist-info"
        info.mkdir(parents=True)
        (venv / "bin").mkdir()
        (venv / "bin/python").symlink_to(os.path.realpath(sys.executable))
        (packages / "lib.py").write_text("LIB = 1\n")
        digest = base64.urlsafe_b64encode(hashlib.sha256(b"LIB = 1\n").digest()).rstrip(b"=").decode()
        (info / "RECORD").write_text(f"lib.py,sha256={digest},8\nlib-1.0.dist-info/RECORD,,\n")
        contents.write(venv / venvs.COMPLETE, contents.digests(venv))
        resolutions.resolution(self.there, at, self.wanted).write_text(LOCKED)
        return venv

    @property
    def at(self) -> ReleasePlaces:
        return self.there.release("v1")

    def areas(self, *, every: bool = False, pid: int | None = None) -> dict[str, dict[str, Any]]:
        """Every area by its name, those of all releases together."""
        running = Running(self.process.pid if pid is None else pid)
        self.answer = verify(self.there, running, every=every)
        found = {area["name"]: area for area in self.answer["areas"]}
        for one in reversed(self.answer["releases"]):
            for area in one["areas"]:
                found[area["name"] if one["id"] == "v1" else f"{area['name']} of {one['id']}"] = area
        return found

    def differences(self, **how: Any) -> dict[str, list[tuple[str, str]]]:
        """What differs, by area, with paths relative to the app's folder."""
        base = f"{self.there.base}/"
        return {
            name: [(one["path"].replace(base, ""), one["what"]) for one in area["differences"]]
            for name, area in self.areas(**how).items()
            if area["differences"]
        }


@pytest.fixture
def made(tmp_path: Path) -> Iterator[Made]:
    one = Made(tmp_path)
    try:
        yield one
    finally:
        one.process.kill()
        one.process.wait()


def test_nothing_differs_in_what_nobody_touched_and_everything_was_looked_at(made: Made) -> None:
    assert made.differences() == {}
    looked_at = {name: area["checked"] for name, area in made.areas().items()}
    assert looked_at == {
        "live link": 1,
        "contents": 4,
        "record": 1,
        "code": 6,  # app.py, tool, static/a.css, the link, the link to what lives on, and one compiled file
        "static files": 1,
        "settings": 3,
        "variables": 1,
        "packages": 3,
        "units": 1,
        "processes": 1,
    }
    assert not any(area["note"] for area in made.areas().values())


Tamper = Callable[[Made], object]
VENV = f"venvs/{venvs.environment_key(LOCKED, release(requirements=Requirements(text=LOCKED, locked=True)))}"


def _replaced(path: Path, text: str) -> None:
    path.unlink()
    path.write_text(text)


@pytest.mark.parametrize(
    ("tamper", "area", "path", "what"),
    [
        (lambda m: _replaced(m.at.code / "app.py", "APP"), "code", "releases/v1/code/app.py", "was edited"),
        (lambda m: (m.at.code / "app.py").unlink(), "code", "releases/v1/code/app.py", "is not there"),
        (lambda m: (m.at.code / "tool").chmod(0o644), "code", "releases/v1/code/tool", "may not be run"),
        (lambda m: (m.at.code / "app.py").chmod(0o755), "code", "releases/v1/code/app.py", "may be run"),
        (lambda m: (m.at.code / "more.py").write_text("x"), "code", "releases/v1/code/more.py", "was not sent"),
        (lambda m: (m.at.code / "dir").symlink_to("/etc"), "code", "releases/v1/code/dir", "was not sent"),
        (lambda m: _replaced(m.at.code / "link", "x"), "code", "releases/v1/code/link", "is no link to app.py"),
        (
            lambda m: (m.at.code / "__pycache__/app.cpython-311.pyc").write_bytes(b"evil"),
            "code",
            "releases/v1/code/__pycache__/app.cpython-311.pyc",
            "was edited",
        ),
        (
            lambda m: _replaced(m.at.static / "assets/a.css", "b {}"),
            "static files",
            "releases/v1/static/assets/a.css",
            "was edited",
        ),
        (
            lambda m: (m.at.static / "assets/b.js").write_text("x"),
            "static files",
            "releases/v1/static/assets/b.js",
            "was not sent",
        ),
        (
            lambda m: (m.at.root / "settings/server.py").write_text("x"),
            "settings",
            "releases/v1/settings/server.py",
            "was edited",
        ),
        (lambda m: (m.at.root / "web.uwsgi").touch(), "settings", "releases/v1/web.uwsgi", "was not sent"),
        (
            lambda m: (m.at.root / "web.uwsgi-socket").touch(),
            "settings",
            "releases/v1/web.uwsgi-socket",
            "was not sent",
        ),
        (
            lambda m: (m.at.units / "web-v1.ini").unlink(),
            "settings",
            "releases/v1/units/web-v1.ini",
            "is not there",
        ),
        (
            lambda m: (m.there.base / "units/web-v1.ini").write_text("x"),
            "units",
            "units/web-v1.ini",
            "was edited",
        ),
        (lambda m: (m.there.base / "units/web-v1.ini").unlink(), "units", "units/web-v1.ini", "is not there"),
        (lambda m: m.at.env.write_text('A="b"\n'), "variables", "releases/v1/env", "was edited"),
        (
            lambda m: (m.at.venv / PACKAGES / "more.pth").write_text("import os"),
            "packages",
            f"{VENV}/{PACKAGES}/more.pth",
            "was not there when it was built",
        ),
        (
            lambda m: (m.at.venv / PACKAGES / "lib.py").write_text("LIB = 2\n"),
            "packages",
            f"{VENV}/{PACKAGES}/lib.py",
            "was edited",
        ),
        (
            lambda m: resolutions.resolution(m.there, m.at, m.wanted).write_text("other==1\n"),
            "packages",
            "resolved/",
            "is not the list from which",
        ),
        (
            lambda m: m.at.record.write_text(m.at.record.read_text().replace('"/health"', '"/elsewhere"')),
            "record",
            "releases/v1/release.json",
            "was edited",
        ),
    ],
)
def test_each_edit_is_found_where_it_is_and_nowhere_else(
    made: Made, tamper: Tamper, area: str, path: str, what: str
) -> None:
    tamper(made)
    found = made.differences()
    assert set(found) - {"contents"} == {area}
    assert any(one.startswith(path) and said.startswith(what) for one, said in found[area])


def test_an_edit_in_place_shows_in_the_code_and_in_the_contents_that_later_releases_are_made_of(made: Made) -> None:
    (made.at.code / "app.py").write_bytes(b"APP")
    found = made.differences()
    assert found["code"] == [("releases/v1/code/app.py", "was edited")]
    assert found["contents"] == [(f"objects/{hashlib.sha256(b'app').hexdigest()}", "was edited")]


def test_an_edit_that_hides_its_time_is_found_too(made: Made) -> None:
    """The quick look of a plan goes by time and size; verify reads."""
    file = made.at.code / "app.py"
    status = file.stat()
    file.write_bytes(b"APP")
    os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert set(made.differences()) == {"code", "contents"}


def test_what_the_app_keeps_in_its_data_is_its_own(made: Made) -> None:
    (made.there.data / "kept/first").write_text("changed by the app")
    assert made.differences() == {}


def test_a_package_that_was_edited_is_not_what_its_record_says_even_if_the_build_was_not_recorded(made: Made) -> None:
    venv = made.at.venv.resolve()
    (venv / venvs.COMPLETE).write_text("")
    assert made.areas()["packages"]["note"].startswith("what it held when it was built was not recorded")
    assert made.differences() == {}
    (venv / PACKAGES / "lib.py").write_text("LIB = 2\n")
    assert made.differences()["packages"] == [(f"{VENV}/{PACKAGES}/lib.py", "is not what its package's RECORD says")]
    (venv / PACKAGES / "lib.py").unlink()
    assert made.differences()["packages"] == [(f"{VENV}/{PACKAGES}/lib.py", "is not there")]


def test_packages_are_compared_with_the_resolved_ones(made: Made) -> None:
    packages = made.at.venv.resolve() / PACKAGES
    (made.at.venv / venvs.COMPLETE).write_text("")
    (packages / "more-3.dist-info").mkdir()
    (packages / "more-3.dist-info/RECORD").write_text("")
    (packages / "lib-1.0.dist-info").rename(packages / "lib-1.1.dist-info")
    (packages / "lib-1.1.dist-info/RECORD").write_text("")
    assert made.differences()["packages"] == [
        ("lib 1.1", "the resolved requirements name 1.0"),
        ("more 3", "is not among the resolved requirements"),
    ]
    (packages / "lib-1.1.dist-info/RECORD").unlink()
    assert ("lib 1.0", "is resolved and not installed") in made.differences()["packages"]


def test_an_environment_that_is_gone_or_elsewhere_is_told(made: Made) -> None:
    made.at.venv.unlink()
    made.at.venv.symlink_to("/usr")
    assert made.differences(pid=0)["packages"][0][0] == "releases/v1/venv"
    made.at.venv.unlink()
    made.at.venv.symlink_to(made.there.venvs / "gone")
    assert made.differences(pid=0)["packages"] == [("venvs/gone", "is not there")]


def test_a_live_link_to_somewhere_else_is_told(made: Made) -> None:
    made.there.live.unlink()
    made.there.live.symlink_to(made.at.root)
    assert made.differences()["live link"] == [("live", "is no link to releases/v1")]
    made.there.live.unlink()
    made.there.live.symlink_to("releases/v7")
    assert made.differences()["live link"] == [("live", "leads to v7, which is not there")]


def test_a_process_of_other_code_or_another_program_is_told(made: Made) -> None:
    stranger = subprocess.Popen(["sleep", "600"], cwd="/")
    try:
        said = [what for _, what in made.differences(pid=stranger.pid)["processes"]]
    finally:
        stranger.kill()
        stranger.wait()
    assert said[0] == "runs in /"
    assert said[1].endswith(f"not {os.path.realpath(sys.executable)}")
    assert said[1].startswith("runs /")
    assert made.differences(pid=stranger.pid)["processes"][0][1] == "cannot be looked at: No such file or directory"
    assert made.differences(pid=0)["processes"] == [("web", "does not run")]


def test_all_releases_are_looked_at_when_asked_for_and_all_contents(made: Made) -> None:
    made.make("v2")
    _replaced(made.there.release("v2").code / "app.py", "APP")
    stray = made.there.objects / ("0" * 64)
    stray.write_bytes(b"not what it is called")
    (made.there.objects / f"{'1' * 64}.part").write_bytes(b"half sent")
    assert made.differences() == {}
    found = made.differences(every=True)
    assert found == {
        "code of v2": [("releases/v2/code/app.py", "was edited")],
        "contents": [(f"objects/{'0' * 64}", "was edited")],
    }
    assert [one["id"] for one in made.answer["releases"]] == ["v2", "v1"]


def test_a_release_of_an_earlier_version_is_compared_with_what_it_recorded(made: Made) -> None:
    made.at.bytecode.unlink()
    data = json.loads(made.at.record.read_text())
    del data["env_sha256"]
    made.at.record.write_text(json.dumps(data))
    found = made.areas()
    assert made.differences() == {}
    assert "not recorded" in found["variables"]["note"]
    assert "not recorded" in found["code"]["note"]
    made.at.env.write_text('A="b"\n')
    assert made.differences()["record"] == [("releases/v1/release.json", "was edited, or env beside it")]


def test_a_release_with_fields_that_this_agent_would_not_write_keeps_its_fingerprint(made: Made) -> None:
    """An agent that knows a field more must not call an older record edited."""
    wanted = made.wanted
    data = json.loads(made.at.record.read_text())
    del data["release"]["secret_names"]
    release = {**data["release"], "env": dict(wanted.env)}
    del release["source"]
    release["entries"] = sorted(release["entries"], key=lambda entry: entry["path"])
    data["fingerprint"] = hashlib.sha256(json.dumps(release, sort_keys=True).encode()).hexdigest()
    made.at.record.write_text(json.dumps(data))
    assert made.differences() == {}


@pytest.mark.parametrize("text", ["", "{", "[]", '{"release": {}}'])
def test_a_record_that_cannot_be_read_is_a_difference_and_not_an_end(made: Made, text: str) -> None:
    made.at.record.write_text(text)
    ((path, what),) = made.differences()["record"]
    assert path == "releases/v1/release.json"
    assert what.startswith("cannot be read")


def test_no_value_of_a_variable_is_in_the_answer(made: Made) -> None:
    made.at.env.write_text(f'OTHER="{SECRET}"\n')
    made.areas(every=True)
    assert SECRET not in json.dumps(made.answer)
    assert hashlib.sha256(SECRET.encode()).hexdigest() not in json.dumps(made.answer)


def folder_for(path: Path) -> None:
    path.unlink()
    path.mkdir()


def record_of(made: Made) -> Path:
    return made.at.venv.resolve() / PACKAGES / "lib-1.0.dist-info/RECORD"


def on_a_server(made: Made) -> None:
    """What lies there is looked at as on a server, where it must be root's."""
    made.there = Places(replace(made.there.layout, user="root", group="root"))


@pytest.mark.parametrize(
    ("tamper", "area"),
    [
        pytest.param(lambda made: shutil.rmtree(made.at.code), "code", id="no code"),
        pytest.param(lambda made: shutil.rmtree(made.at.root / "settings"), "settings", id="no settings"),
        pytest.param(lambda made: folder_for(made.at.root / "settings/server.py"), "settings", id="settings a folder"),
        pytest.param(lambda made: folder_for(made.there.base / "units/web-v1.ini"), "units", id="unit a folder"),
        pytest.param(lambda made: made.at.env.unlink(), "record", id="no variables"),
        pytest.param(lambda made: folder_for(made.at.env), "record", id="variables a folder"),
        pytest.param(lambda made: record_of(made).write_text("lib.py,sha256=x,8\n"), "packages", id="no base64"),
        pytest.param(lambda made: record_of(made).write_bytes(b"lib.py,sha256=\xff\xff,8\n"), "packages", id="no text"),
        pytest.param(lambda made: record_of(made).write_text("x" * 200_000 + ",sha256=,\n"), "packages", id="too long"),
        pytest.param(
            lambda made: resolutions.resolution(made.there, made.at, made.wanted).write_bytes(b"\xff\n"),
            "packages",
            id="resolution no text",
        ),
    ],
)
def test_no_damage_ends_the_look(made: Made, tamper: Tamper, area: str) -> None:
    tamper(made)
    on_a_server(made)
    assert area in made.differences()


@pytest.mark.parametrize("text", ["[]", '{"files": [1]}', '{"files": {"a": 1}}', ""])
def test_a_list_of_what_was_built_that_is_none_is_as_if_there_were_none(made: Made, text: str) -> None:
    made.at.bytecode.write_text(text)
    (made.at.venv.resolve() / venvs.COMPLETE).write_text(text)
    areas = made.areas()
    assert "not recorded" in areas["code"]["note"]
    assert "not recorded" in areas["packages"]["note"]


@pytest.mark.parametrize(
    ("place", "area"),
    [
        (lambda made: made.at.code, "code"),
        (lambda made: made.at.static / "assets", "static files"),
        (lambda made: made.at.root / "settings", "settings"),
        (lambda made: made.at.venv.resolve() / PACKAGES, "packages"),
    ],
)
def test_on_a_server_what_others_than_root_may_write_to_is_told(
    made: Made, place: Callable[[Made], Path], area: str
) -> None:
    place(made).chmod(0o777)
    on_a_server(made)
    (told,) = [one for one in made.areas()[area]["differences"] if one["path"] == str(place(made))]
    assert told["what"] == "others than root may write to it"


def test_variables_that_are_no_text_are_told_and_not_shown(made: Made) -> None:
    with made.at.env.open("ab") as file:
        file.write(b'OTHER="\xff"\n')
    assert made.differences()["variables"] == [("releases/v1/env", "was edited")]
    made.at.env.write_bytes(b'API_TOKEN="' + SECRET.encode() + b"\xff\n")
    assert "record" in made.differences()
    assert SECRET not in json.dumps(made.answer)


def test_where_nothing_is_deployed_there_is_nothing_to_look_at(tmp_path: Path) -> None:
    answer = verify(places(tmp_path / "base"), Running(0), every=True)
    assert (answer["live"], answer["releases"]) == ("", [])


def test_odd_names_are_compared(tmp_path: Path, made: Made) -> None:
    name = os.fsdecode(b"caf\xe9.txt")
    made.wanted = replace(made.wanted, entries=(*made.wanted.entries, put(Store(made.there.objects), name, b"x")))
    made.make("v2")
    assert made.differences(every=True) == {}
    (made.there.release("v2").code / name).unlink()
    assert made.differences(every=True)["code of v2"] == [(f"releases/v2/code/{name}", "is not there")]
