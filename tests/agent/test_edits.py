"""An edit of a release on the host is noticed by the next plan, so that a deployment puts it right."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from agent.sample import places, put, release
from seawall.agent import releases
from seawall.agent.edits import is_edited
from seawall.agent.errors import AgentError
from seawall.agent.places import Places, ReleasePlaces
from seawall.agent.queries import release_changes
from seawall.agent.stage import stage
from seawall.agent.store import Store
from seawall.agent.vocabulary import Entry, Release


@pytest.fixture
def there(tmp_path: Path) -> Places:
    return places(tmp_path / "base")


@pytest.fixture
def wanted(there: Places) -> Release:
    store = Store(there.objects)
    entries = put(store, "app.py", b"app"), put(store, "kept/first", b"x"), Entry("link", target="app.py")
    return release(*entries, persist=("kept",))


@pytest.fixture
def at(there: Places, wanted: Release) -> ReleasePlaces:
    made = stage(there, "v1", wanted, "now")
    there.live.symlink_to("releases/v1")
    return made


def edited(there: Places) -> bool:
    return is_edited(there, releases.load(there, "v1"))


def test_a_release_that_nobody_touched_is_not_edited(there: Places, wanted: Release, at: ReleasePlaces) -> None:
    (there.data / "kept/first").write_text("what the app wrote")
    assert not edited(there)
    assert release_changes(there, wanted)["new"] is False


@pytest.mark.parametrize(
    ("path", "how"),
    [
        ("code/app.py", "written"),
        ("code/app.py", "replaced"),
        ("code/app.py", "removed"),
        ("code/link", "replaced"),
        ("settings/server.py", "written"),
        ("units/web-v1.ini", "removed"),
        ("env", "written"),
    ],
)
def test_an_edit_makes_the_next_deployment_a_new_release(
    there: Places, wanted: Release, at: ReleasePlaces, path: str, how: str
) -> None:
    file = at.root / path
    if how != "written":
        file.unlink()
    if how != "removed":
        file.write_text('COLOUR="red"\n')
    assert edited(there)
    changes = release_changes(there, wanted)
    assert (changes["new"], "edited" in changes["other"]) == (True, True)


def test_a_release_of_an_earlier_version_that_did_not_record_its_variables_is_taken_as_it_is(
    there: Places, at: ReleasePlaces
) -> None:
    at.record.write_text(at.record.read_text().replace("env_sha256", "unknown"))
    at.env.write_text('COLOUR="red"\n')
    assert not releases.load(there, "v1").env_edited


def test_a_spoiled_content_is_not_laid_out_again(there: Places, wanted: Release, at: ReleasePlaces) -> None:
    (at.code / "app.py").write_bytes(b"APP")
    with pytest.raises(AgentError, match=r"what this host keeps of app\.py is no longer what was sent") as caught:
        stage(there, "v2", wanted, "now")
    assert "seawall deploy" in caught.value.remedy


def test_edited_variables_are_not_copied_into_another_release(there: Places, at: ReleasePlaces) -> None:
    assert releases.load_to_copy(there, "v1").id == "v1"
    at.env.write_text('COLOUR="red"\n')
    with pytest.raises(AgentError, match="the variables of v1 were edited") as caught:
        releases.load_to_copy(there, "v1")
    assert "red" not in str(vars(caught.value))


def test_odd_names_are_looked_at_too(there: Places) -> None:
    entry = put(Store(there.objects), os.fsdecode(b"caf\xe9.txt"), b"x")
    stage(there, "v1", release(entry), "now")
    assert not edited(there)
