"""A rotated secret keeps its old values for a while, and no longer."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from seawall.config import secrets
from seawall.config.rotation import MOST_KEPT, drop_fallbacks, random_value, rotate
from seawall.config.secrets import FILE, list_secrets, read_secrets, read_store, remove_secret, set_secret, write_store
from seawall.errors import SecretError


def put(folder: Path, name: str = "SECRET_KEY", value: str = "first", environment: str = "production") -> None:
    set_secret(folder, "guestbook", environment, name, value)


def fallbacks(folder: Path, name: str = "SECRET_KEY") -> list[str]:
    return list(json.loads(read_secrets(folder, "production")[f"{name}_FALLBACKS"]))


def age(folder: Path, *times: str) -> None:
    """Have the old values been old since these times."""
    store = read_store(folder)
    aged = [replace(one, retired=times) if one.retired else one for one in store.secrets]
    write_store(replace(store, secrets=tuple(aged)))


def test_the_old_value_is_the_first_fallback_and_the_new_one_is_the_secret(tmp_path: Path) -> None:
    put(tmp_path)
    done = rotate(tmp_path, "production", "SECRET_KEY", "second")
    assert (done.kept, done.dropped) == (1, 0)
    assert read_secrets(tmp_path, "production") == {"SECRET_KEY": "second", "SECRET_KEY_FALLBACKS": '["first"]'}


def test_no_more_than_two_old_values_are_kept_newest_first(tmp_path: Path) -> None:
    put(tmp_path)
    for value in ("second", "third", "fourth"):
        done = rotate(tmp_path, "production", "SECRET_KEY", value)
    assert MOST_KEPT == 2
    assert fallbacks(tmp_path) == ["third", "second"]
    assert (done.kept, done.dropped) == (2, 1)


def test_a_value_that_is_old_for_longer_than_a_session_lives_goes_with_the_next_rotation(tmp_path: Path) -> None:
    put(tmp_path)
    rotate(tmp_path, "production", "SECRET_KEY", "second")
    age(tmp_path, "2020-01-01T00:00:00Z")
    assert rotate(tmp_path, "production", "SECRET_KEY", "third").dropped == 1
    assert fallbacks(tmp_path) == ["second"]


def test_each_old_value_keeps_the_time_since_when_it_is_old(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path)
    rotate(tmp_path, "production", "SECRET_KEY", "second")
    (first,) = next(one for one in list_secrets(tmp_path) if one.retired).retired
    monkeypatch.setattr("seawall.config.rotation.now", lambda: "2999-01-01T00:00:00Z")
    rotate(tmp_path, "production", "SECRET_KEY", "third")
    assert [one.retired for one in list_secrets(tmp_path) if one.retired] == [("2999-01-01T00:00:00Z", first)]


def test_the_file_shows_neither_new_nor_old_values_and_each_name_has_one_line(tmp_path: Path) -> None:
    put(tmp_path, value="first-never-seen")
    rotate(tmp_path, "production", "SECRET_KEY", "second-never-seen")
    text = (tmp_path / FILE).read_text()
    assert "never-seen" not in text
    assert [line.split(" = ")[0] for line in text.splitlines() if line.startswith("SECRET")] == [
        "SECRET_KEY",
        "SECRET_KEY_FALLBACKS",
    ]


def test_dropped_fallbacks_are_gone_and_the_secret_stays(tmp_path: Path) -> None:
    put(tmp_path)
    rotate(tmp_path, "production", "SECRET_KEY", "second")
    drop_fallbacks(tmp_path, "production", "SECRET_KEY")
    assert read_secrets(tmp_path, "production") == {"SECRET_KEY": "second"}
    with pytest.raises(SecretError, match="has no old values"):
        drop_fallbacks(tmp_path, "production", "SECRET_KEY")


def test_a_forgotten_secret_takes_its_old_values_with_it(tmp_path: Path) -> None:
    put(tmp_path)
    put(tmp_path, "OTHER", "x")
    rotate(tmp_path, "production", "SECRET_KEY", "second")
    remove_secret(tmp_path, "production", "SECRET_KEY")
    assert read_secrets(tmp_path, "production") == {"OTHER": "x"}


def test_another_environment_is_left_alone(tmp_path: Path) -> None:
    put(tmp_path)
    put(tmp_path, environment="staging", value="of staging")
    rotate(tmp_path, "production", "SECRET_KEY", "second")
    assert read_secrets(tmp_path, "staging") == {"SECRET_KEY": "of staging"}


def test_a_made_up_value_is_long_and_never_the_same() -> None:
    made = {random_value() for _ in range(50)}
    assert len(made) == 50
    assert all(len(value) >= 64 for value in made)


@pytest.mark.parametrize(
    ("name", "value", "fact"),
    [
        ("OTHER", "x", "there is no secret OTHER for production"),
        ("SECRET_KEY", "first", "has already"),
        ("SECRET_KEY", "", "is empty"),
        ("SECRET_KEY_FALLBACKS", "x", "holds the old values of SECRET_KEY"),
    ],
)
def test_what_cannot_be_rotated_is_refused_and_changes_nothing(
    tmp_path: Path, name: str, value: str, fact: str
) -> None:
    put(tmp_path)
    before = (tmp_path / FILE).read_text()
    with pytest.raises(SecretError, match=fact):
        rotate(tmp_path, "production", name, value)
    assert (tmp_path / FILE).read_text() == before


def test_without_the_key_nothing_is_rotated(tmp_path: Path, key_folder: Path) -> None:
    put(tmp_path)
    (key_folder / "guestbook.key").unlink()
    with pytest.raises(SecretError, match="no key here"):
        rotate(tmp_path, "production", "SECRET_KEY", "second")


@pytest.mark.parametrize("text", ["nonsense", "5", "null", '"a text"', '{"a": 1}', "[1]"])
def test_fallbacks_that_somebody_set_to_something_else_are_told_with_the_remedy(tmp_path: Path, text: str) -> None:
    put(tmp_path)
    put(tmp_path, "SECRET_KEY_FALLBACKS", text)
    with pytest.raises(SecretError, match="is no list of old values") as error:
        rotate(tmp_path, "production", "SECRET_KEY", "second")
    assert "--drop-fallbacks" in error.value.remedy
    assert text not in (error.value.fact + error.value.remedy)


def test_a_spoiled_list_of_times_is_told_by_line(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text('[production]\nA_FALLBACKS = { changed = "x", retired = 5, value = "y" }\n')
    with pytest.raises(SecretError, match="something else than a list as `retired`") as error:
        secrets.list_secrets(tmp_path)
    assert error.value.place == f"{FILE}:2"
