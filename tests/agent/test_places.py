"""Where things are: what belongs to one release must not be taken for another's."""

from __future__ import annotations

from pathlib import Path

from agent.sample import places


def test_the_logs_of_a_release_are_not_those_of_a_later_one_that_begins_alike(tmp_path: Path) -> None:
    there = places(tmp_path / "base")
    there.logs.mkdir(parents=True)
    own = ["app-web-v1.log", "seawall-app.worker@v1-2.log", "seawall-app@v1.log", "seawall-app@v1.log.1"]
    others = ["app-web-v10.log", "seawall-app@v11.log", "seawall-app.worker@v12-1.log", "supervisord.log"]
    for name in (*own, *others):
        (there.logs / name).touch()
    assert [log.name for log in there.logs_of("v1")] == own
