"""What is known of a host's databases before any is asked."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from seawall.agent import owned
from seawall.agent.data import ending, installed
from seawall.agent.data.places import DataPlaces
from seawall.agent.data.vocabulary import Data, Database, Repository

from .. import sample


def cluster(folder: Path, name: str, port: str = "port = 5432") -> None:
    path = folder / name
    path.mkdir(parents=True)
    (path / "postgresql.conf").write_text(f"# port = 1\n{port}\t\t# (change requires restart)\n")


def test_the_cluster_on_the_usual_port_is_the_hosts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(installed, "CLUSTERS", tmp_path)
    assert installed.postgresql() == ""
    cluster(tmp_path, "15/main")
    cluster(tmp_path, "17/main", "port = 5433")
    cluster(tmp_path, "17/other")
    assert installed.postgresql() == "15"


def test_of_two_the_later_counts_as_a_number(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(installed, "CLUSTERS", tmp_path)
    cluster(tmp_path, "9.6/main")
    cluster(tmp_path, "13/main")
    assert installed.postgresql() == "13"


def test_the_app_that_has_the_archive_is_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(installed, "ARCHIVES", tmp_path)
    assert installed.archives() == []
    for name in ("seawall-shop.conf", "seawall-shop.ca", "pgbackrest.conf"):
        (tmp_path / name).touch()
    assert installed.archives() == ["shop"]


def test_the_connections_of_other_apps_are_counted_and_those_of_ones_own_are_not(tmp_path: Path) -> None:
    told = {
        "own": '{"database": {"kind": "postgresql", "connections": 60}}',
        "blog": '{"database": {"kind": "postgresql", "connections": 40}}',
        "shop": '{"database": {"kind": "mariadb", "connections": 30}}',
        "files": '{"database": null}',
        "broken": "{",
    }
    for name, text in told.items():
        (tmp_path / name / "state").mkdir(parents=True)
        (tmp_path / name / "state/data.json").write_text(text)
    assert installed.connections(tmp_path / "own", "postgresql") == 40


@pytest.fixture
def pool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The settings of a PgBouncer that is there."""
    path = tmp_path / "seawall.ini"
    path.touch()
    monkeypatch.setattr(installed, "POOL", path)
    monkeypatch.setattr(installed, "POOL_PID", tmp_path / "pid")
    return path


def test_a_pool_is_unused_when_no_other_app_has_its_settings(pool: Path, tmp_path: Path) -> None:
    own, other = sample.places(tmp_path / "own"), tmp_path / "shop/state/owned.json"
    assert installed.pool_unused(own)
    other.parent.mkdir(parents=True)
    other.write_bytes(owned.to_bytes([owned.Owned(str(pool))]))
    assert not installed.pool_unused(own)
    other.write_text("{")
    assert not installed.pool_unused(own), "of an app that does not know its own files nothing is taken away"


def test_a_pool_that_still_runs_by_settings_that_are_gone_is_still_there(pool: Path, tmp_path: Path) -> None:
    pool.unlink()
    own = sample.places(tmp_path / "own")
    assert not installed.pool_unused(own)
    program, pipe = [sys.executable, "-c", "print(flush=True); input()", str(pool)], subprocess.PIPE
    with subprocess.Popen(program, stdin=pipe, stdout=pipe) as running:
        assert running.stdout is not None
        running.stdout.readline()  # from here on its command line is its own
        (tmp_path / "pid").write_text(f"{running.pid}\n")
        assert installed.pool_unused(own)
        running.communicate(b"\n")


def test_when_an_app_goes_and_its_data_stays_only_its_databases_are_remembered(tmp_path: Path) -> None:
    places = DataPlaces(tmp_path)
    places.settings.parent.mkdir()
    assert ending.keep(places, Data("tiny", str(tmp_path), "tiny", Database("sqlite", "tiny"))) == []
    assert not places.settings.exists()
    here, once = Database("postgresql", "tiny", connections=64), Database("mariadb", "tiny")
    told = Data("tiny", str(tmp_path), "tiny", here, repository=Repository("/backups", ""), former=(once,))
    assert ending.keep(places, told) == ["the database tiny (postgresql)", "the database tiny (mariadb)"]
    assert places.data() == Data("tiny", str(tmp_path), "tiny", here, former=(once,))
    assert [one["kind"] for one in installed.databases(tmp_path)] == ["postgresql", "mariadb"]
