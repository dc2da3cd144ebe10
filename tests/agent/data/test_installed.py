"""What is known of a host's databases before any is asked."""

from __future__ import annotations

from pathlib import Path

import pytest

from seawall.agent.data import installed


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
