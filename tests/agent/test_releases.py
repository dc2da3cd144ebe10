"""Releases: ids are never used twice, and equal things have equal fingerprints."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from agent.sample import SECRET, places, put, release
from seawall.agent import releases
from seawall.agent.errors import NoSuchRelease
from seawall.agent.places import Places
from seawall.agent.queries import release_list
from seawall.agent.stage import stage
from seawall.agent.store import Store
from seawall.agent.vocabulary import Entry, Source


@pytest.fixture
def there(tmp_path: Path) -> Places:
    return places(tmp_path / "base")


def test_the_first_id_is_v1_and_ids_count_up(there: Places) -> None:
    assert releases.next_id(there, []) == "v1"
    (there.releases / "v9").mkdir()
    (there.releases / "v10").mkdir()
    (there.releases / "notes").mkdir()
    assert releases.ids(there) == ["v9", "v10"]
    assert releases.next_id(there, []) == "v11"


def test_an_id_is_not_used_again_after_its_release_was_pruned_or_undone(there: Places) -> None:
    (there.releases / "v2").mkdir()
    journal = [{"step": "begin", "release": "v7"}, {"step": "end", "release": "v7"}, {"step": "begin", "release": ""}]
    assert releases.next_id(there, journal) == "v8"
    shutil.rmtree(there.releases)
    assert releases.next_id(there, journal) == "v8"


@pytest.mark.parametrize("name", ["", "v", "v0", "v01", "12", "../v1", "v1/", "v-1", "latest"])
def test_what_is_no_id_is_refused(there: Places, name: str) -> None:
    with pytest.raises(NoSuchRelease):
        releases.load(there, name)


def test_a_release_comes_back_as_it_was_with_its_variables(there: Places) -> None:
    wanted = release(put(Store(there.objects), "app.py", b"x"), source=Source("abc", True, "ada@desk", "Mend it"))
    stage(there, "v1", wanted, "2026-01-01T00:00:00Z")
    made = releases.load(there, "v1")
    assert made.release == wanted
    assert made.fingerprint == releases.fingerprint(wanted)
    assert made.made == "2026-01-01T00:00:00Z"


def test_no_value_of_a_variable_is_in_the_record(there: Places) -> None:
    at = stage(there, "v1", release(put(Store(there.objects), "app.py", b"x")), "now")
    assert SECRET not in at.record.read_text()
    assert json.loads(at.record.read_text())["release"]["env"] == {}


def test_one_that_is_not_there_is_said_with_those_that_are(there: Places) -> None:
    (there.releases / "v1").mkdir()
    (there.releases / "v2").mkdir()
    with pytest.raises(NoSuchRelease) as caught:
        releases.load(there, "v3")
    assert "v1, v2" in caught.value.remedy


def test_the_source_and_the_order_of_files_make_no_other_release() -> None:
    one, two = Entry("a", "1" * 64, 1), Entry("b", "2" * 64, 1)
    wanted = release(one, two)
    same = replace(wanted, entries=(two, one), source=Source("abc", False, "bob", "other"))
    assert releases.fingerprint(wanted) == releases.fingerprint(same)


@pytest.mark.parametrize(
    "changes",
    [
        {"entries": (Entry("a", "1" * 64, 1, executable=True),)},
        {"entries": (Entry("b", "1" * 64, 1),)},
        {"env": {"COLOUR": "blue"}},
        {"persist": ("up",)},
        {"migrate": "flask db upgrade"},
        {"keep": 2},
    ],
    ids=", ".join,
)
def test_anything_else_does(changes: dict[str, object]) -> None:
    wanted = release(Entry("a", "1" * 64, 1))
    assert releases.fingerprint(wanted) != releases.fingerprint(replace(wanted, **changes))  # type: ignore[arg-type]


def test_live_is_what_the_link_says(there: Places) -> None:
    assert releases.live_id(there) == ""
    there.live.symlink_to("releases/v3")
    assert releases.live_id(there) == "v3"


def test_a_release_that_is_only_half_laid_out_is_not_listed(there: Places) -> None:
    stage(there, "v1", release(put(Store(there.objects), "app.py", b"x")), "now")
    (there.releases / "v2" / "code").mkdir(parents=True)
    assert [line["id"] for line in release_list(there)] == ["v1"]
