"""The secret store keeps secrets, and says clearly when it cannot."""

from __future__ import annotations

import os
import re
import stat
import threading
from pathlib import Path

import pyrage
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from seawall.config import writing
from seawall.config.secrets import FILE, list_secrets, read_secrets, remove_secret, set_secret
from seawall.errors import SecretError

VALUE = "correct horse battery staple"


def put(folder: Path, name: str = "SECRET_KEY", value: str = VALUE, environment: str = "production") -> Path | None:
    return set_secret(folder, "guestbook", environment, name, value)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_what_was_set_is_read_back_for_its_environment_only(tmp_path: Path) -> None:
    put(tmp_path)
    put(tmp_path, "DATABASE_URL", "postgres://one")
    put(tmp_path, "DATABASE_URL", "postgres://two", "staging")
    assert read_secrets(tmp_path, "production") == {"SECRET_KEY": VALUE, "DATABASE_URL": "postgres://one"}
    assert read_secrets(tmp_path, "staging") == {"DATABASE_URL": "postgres://two"}
    assert read_secrets(tmp_path, "local") == {}


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1))
def test_any_text_comes_back_as_it_was(tmp_path: Path, value: str) -> None:
    put(tmp_path, value=value)
    assert read_secrets(tmp_path, "production") == {"SECRET_KEY": value}


def test_the_file_holds_no_value_and_no_key(tmp_path: Path, key_folder: Path) -> None:
    key = put(tmp_path)
    assert key == key_folder / "guestbook.key"
    text = (tmp_path / FILE).read_text()
    assert VALUE not in text
    assert "AGE-SECRET-KEY" not in text
    assert "AGE-SECRET-KEY" in key.read_text()


def test_a_change_changes_the_line_of_its_name_alone(tmp_path: Path) -> None:
    for name in ("A", "B", "C"):
        put(tmp_path, name)
    before = (tmp_path / FILE).read_text().splitlines()
    put(tmp_path, "B", "new")
    after = (tmp_path / FILE).read_text().splitlines()
    assert [line[:1] for line, other in zip(before, after, strict=True) if line != other] == ["B"]


def test_key_and_store_are_for_their_owner_alone(tmp_path: Path) -> None:
    old = os.umask(0)
    try:
        key = put(tmp_path)
    finally:
        os.umask(old)
    assert key is not None
    assert (mode(key), mode(key.parent), mode(tmp_path / FILE)) == (0o600, 0o700, 0o600)
    (tmp_path / FILE).chmod(0o644)
    put(tmp_path)
    assert mode(tmp_path / FILE) == 0o644


def test_the_first_secret_alone_makes_a_key(tmp_path: Path) -> None:
    assert put(tmp_path) is not None
    assert put(tmp_path, "OTHER") is None


def test_setting_needs_no_private_key(tmp_path: Path) -> None:
    key = put(tmp_path)
    assert key is not None
    away = key.rename(tmp_path / "away")
    put(tmp_path, "OTHER", "set without the key")
    away.rename(key)
    assert read_secrets(tmp_path, "production")["OTHER"] == "set without the key"


def test_the_key_may_come_from_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    key = put(tmp_path)
    assert key is not None
    text = key.read_text()
    key.unlink()
    monkeypatch.setenv("SEAWALL_KEY", text.splitlines()[-1])
    assert read_secrets(tmp_path, "production") == {"SECRET_KEY": VALUE}
    monkeypatch.delenv("SEAWALL_KEY")
    writing.write_new(tmp_path / "ci.key", text)
    monkeypatch.setenv("SEAWALL_KEY_FILE", str(tmp_path / "ci.key"))
    assert read_secrets(tmp_path, "production") == {"SECRET_KEY": VALUE}


def test_xdg_config_home_is_respected(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "xdg"))
    assert put(tmp_path) == tmp_path / "xdg" / "seawall" / "keys" / "guestbook.key"


def test_a_key_that_others_can_read_is_refused(tmp_path: Path) -> None:
    key = put(tmp_path)
    assert key is not None
    key.chmod(0o640)
    with pytest.raises(SecretError, match=r"others can read this key \(mode 0640\)") as error:
        read_secrets(tmp_path, "production")
    assert error.value.remedy == f"chmod 600 {key}"


def test_a_wrong_key_is_told_from_a_spoiled_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path)
    monkeypatch.setenv("SEAWALL_KEY", str(pyrage.x25519.Identity.generate()))
    with pytest.raises(SecretError, match="the given key does not open") as error:
        read_secrets(tmp_path, "production")
    assert error.value.place == "SEAWALL_KEY"
    assert "age1" in error.value.remedy


def test_without_a_key_the_remedy_says_where_to_put_it(tmp_path: Path, key_folder: Path) -> None:
    key = put(tmp_path)
    assert key is not None
    key.unlink()
    with pytest.raises(SecretError, match="no key here") as error:
        read_secrets(tmp_path, "production")
    assert error.value.place == str(key_folder)
    assert "SEAWALL_KEY" in error.value.remedy


@pytest.mark.parametrize("text", ["", "nonsense", "AGE-SECRET-KEY-1QQQ", "AGE-SECRET-KEY-1A\nAGE-SECRET-KEY-1B"])
def test_what_is_no_key_is_refused_without_showing_it(tmp_path: Path, key_folder: Path, text: str) -> None:
    put(tmp_path)
    key = key_folder / "guestbook.key"
    key.write_text(text)
    with pytest.raises(SecretError, match="no key of age") as error:
        read_secrets(tmp_path, "production")
    assert error.value.__cause__ is None
    assert "QQQ" not in str(vars(error.value))


def test_exchanged_lines_are_noticed(tmp_path: Path) -> None:
    put(tmp_path, "ADMIN_PASSWORD", "for admins")
    put(tmp_path, "GUEST_PASSWORD", "for guests")
    path = tmp_path / FILE
    text = path.read_text()
    path.write_text(
        text.replace("ADMIN_PASSWORD", "X")
        .replace("GUEST_PASSWORD", "ADMIN_PASSWORD")
        .replace("X =", "GUEST_PASSWORD =")
    )
    with pytest.raises(SecretError, match=r"is in truth (ADMIN|GUEST)_PASSWORD of production"):
        read_secrets(tmp_path, "production")


def test_a_secret_moved_to_another_environment_is_noticed(tmp_path: Path) -> None:
    put(tmp_path, environment="staging")
    path = tmp_path / FILE
    path.write_text(path.read_text().replace("[staging]", "[production]"))
    with pytest.raises(SecretError, match="is in truth SECRET_KEY of staging"):
        read_secrets(tmp_path, "production")


def test_a_damaged_secret_is_told_by_line_and_name(tmp_path: Path) -> None:
    put(tmp_path, "A")
    put(tmp_path, "B", environment="staging")
    path = tmp_path / FILE
    lines = path.read_text().splitlines()
    number = next(index for index, line in enumerate(lines) if line.startswith("B ="))
    lines[number] = re.sub(r'value = "(.{90}).', r'value = "\1_', lines[number])
    path.write_text("\n".join(lines))
    assert read_secrets(tmp_path, "production") == {"A": VALUE}
    with pytest.raises(SecretError, match="B of staging cannot be decrypted") as error:
        read_secrets(tmp_path, "staging")
    assert error.value.place == f"{FILE}:{number + 1}"
    assert "seawall secret set B --environment staging" in error.value.remedy


@pytest.mark.parametrize(
    ("text", "fact", "line"),
    [
        ("<<<<<<< HEAD\n", "this is not TOML", ":1"),
        ("recipients = 5\n", "must be a list of age public keys", ":1"),
        ('\nrecipients = ["age1nonsense"]\n', "must be a list of age public keys", ":2"),
        ("\n\nproduction = 5\n", "must be a table of secrets", ":3"),
        ("[production]\nA = 5\n", "A of production is not as seawall wrote it", ":2"),
        ('[production]\n"A B" = { changed = "", value = "" }\n', "A B of production is not as seawall wrote it", ":2"),
    ],
)
def test_a_spoiled_file_is_told_by_line(tmp_path: Path, text: str, fact: str, line: str) -> None:
    (tmp_path / FILE).write_text(text)
    with pytest.raises(SecretError, match=fact) as error:
        read_secrets(tmp_path, "production")
    assert error.value.place == FILE + line


def test_secrets_are_listed_without_a_key_and_without_values(tmp_path: Path) -> None:
    key = put(tmp_path, "B")
    put(tmp_path, "A", environment="staging")
    put(tmp_path, "A")
    assert key is not None
    key.unlink()
    listed = list_secrets(tmp_path)
    assert [(each.environment, each.name) for each in listed] == [
        ("production", "A"),
        ("production", "B"),
        ("staging", "A"),
    ]
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", each.changed) for each in listed)


def test_a_removed_secret_is_gone(tmp_path: Path) -> None:
    put(tmp_path, "A")
    put(tmp_path, "B")
    remove_secret(tmp_path, "production", "A")
    assert read_secrets(tmp_path, "production") == {"B": VALUE}
    with pytest.raises(SecretError, match="no secret A for production") as error:
        remove_secret(tmp_path, "production", "A")
    assert error.value.remedy == "There is B."


@pytest.mark.parametrize(
    ("environment", "name", "value"),
    [
        ("production", "9LIVES", "x"),
        ("production", "A B", "x"),
        ("Production!", "A", "x"),
        ("recipients", "A", "x"),
        ("production", "A", ""),
        ("production", "A", "nul\0"),
        ("production", "A", "x" * 70_000),
    ],
)
def test_what_could_not_be_a_variable_is_refused(tmp_path: Path, environment: str, name: str, value: str) -> None:
    with pytest.raises(SecretError):
        put(tmp_path, name, value, environment)
    assert not (tmp_path / FILE).exists()


def test_a_write_that_fails_leaves_the_old_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path)
    before = (tmp_path / FILE).read_text()

    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(SecretError, match="No space left"):
        put(tmp_path, "OTHER")
    assert (tmp_path / FILE).read_text() == before
    assert [path.name for path in tmp_path.iterdir()] == [FILE]


def test_two_who_set_at_once_lose_nothing(tmp_path: Path) -> None:
    put(tmp_path)
    threads = [threading.Thread(target=put, args=(tmp_path, f"NAME_{number}")) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(read_secrets(tmp_path, "production")) == 9
