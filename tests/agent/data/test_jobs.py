"""Jobs as the host's timers start them: Python and one file, nothing of the tool."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from seawall.agent.data import jobs
from seawall.agent.data.vocabulary import Data, Database, Repository, Retention, data_from_wire, data_to_wire
from seawall.agent.errors import NeedsPerson
from seawall.agent.resources import agent_copy

DATA = Data(
    "tiny",
    "/srv/tiny",
    "tiny",
    Database("postgresql", "tiny", "tiny", socket="/run/postgresql"),
    folders=("/srv/tiny/data",),
    repository=Repository("/backups", "/srv/tiny/state/backup.env"),
    retention=Retention(1, 2, 3),
)


@pytest.fixture
def base(tmp_path: Path) -> Path:
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "data.json").write_text(json.dumps(data_to_wire(DATA)))
    return tmp_path


def start(archive: Path, *words: str) -> subprocess.CompletedProcess[str]:
    archive.write_bytes(agent_copy.content())
    return subprocess.run(
        [sys.executable, "-I", archive, *words], capture_output=True, text=True, check=False, cwd="/", env={}
    )


def test_what_there_is_to_look_after_travels_whole() -> None:
    assert data_from_wire(json.loads(json.dumps(data_to_wire(DATA)))) == DATA


def test_what_a_later_version_has_added_is_no_obstacle() -> None:
    wire = data_to_wire(DATA)
    wire["repository"]["colour"] = wire["weather"] = "blue"
    assert data_from_wire(wire) == DATA


def test_the_archive_runs_alone_and_says_how_it_is_called(tmp_path: Path) -> None:
    done = start(tmp_path / "agent.pyz", "job", "dance", "/srv/tiny")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("usage: job ")
    assert done.stderr.endswith(" BASE\n")


def test_a_job_is_given_what_there_is_to_look_after(
    base: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(jobs.JOBS, "backup", lambda data, say: say(f"{data.app}: done"))
    assert jobs.run("backup", str(base)) == 0
    assert capsys.readouterr().out == "tiny: done\n"


def test_a_job_that_fails_says_why_and_has_the_exit_code_of_its_error(
    base: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(data: Data, say: jobs.Say) -> None:
        raise NeedsPerson("The moon is full", place="above", remedy="wait", output="one\ntwo")

    monkeypatch.setitem(jobs.JOBS, "backup", fail)
    assert jobs.run("backup", str(base)) == 4
    assert capsys.readouterr().err == "The moon is full\n  above\n  wait\n  one\n  two\n"


@pytest.mark.parametrize("content", [None, "{", '"all"', '{"app": "tiny"}'])
def test_settings_that_are_missing_or_damaged_are_an_error_with_a_remedy(
    base: Path, content: str | None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(jobs.JOBS, "backup", lambda data, say: say(data.app))
    settings = base / "state" / "data.json"
    settings.unlink()
    if content is not None:
        settings.write_text(content)
    assert jobs.run("backup", str(base)) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert "deploy" in said.err
    assert str(settings) in said.err
