"""Keys that may read are added and removed, and every value is encrypted anew for those that remain."""

from __future__ import annotations

from pathlib import Path

import pyrage
import pytest

from seawall.config.recipients import add_recipient, recipients, remove_recipient
from seawall.config.secrets import FILE, read_secrets, set_secret
from seawall.errors import SecretError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two secrets of two environments, encrypted for the project's key."""
    set_secret(tmp_path, "guestbook", "production", "A", "one")
    set_secret(tmp_path, "guestbook", "staging", "B", "two")
    return tmp_path


@pytest.fixture
def other() -> pyrage.x25519.Identity:
    """A colleague's key."""
    return pyrage.x25519.Identity.generate()


def read_as(folder: Path, identity: pyrage.x25519.Identity, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    monkeypatch.setenv("SEAWALL_KEY", str(identity))
    return read_secrets(folder, "production") | read_secrets(folder, "staging")


def test_an_added_key_reads_all_environments_and_the_first_one_still_does(
    folder: Path, other: pyrage.x25519.Identity, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert add_recipient(folder, str(other.to_public())) == 2
    assert read_secrets(folder, "production") == {"A": "one"}
    assert read_as(folder, other, monkeypatch) == {"A": "one", "B": "two"}


def test_what_is_set_later_is_for_every_key(
    folder: Path, other: pyrage.x25519.Identity, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_recipient(folder, str(other.to_public()))
    set_secret(folder, "guestbook", "production", "C", "three")
    assert read_as(folder, other, monkeypatch)["C"] == "three"


def test_a_removed_key_reads_no_more(
    folder: Path, other: pyrage.x25519.Identity, monkeypatch: pytest.MonkeyPatch
) -> None:
    public = str(other.to_public())
    add_recipient(folder, public)
    before = (folder / FILE).read_text()
    assert remove_recipient(folder, public) == 2
    assert public not in recipients(folder)
    monkeypatch.setenv("SEAWALL_KEY", str(other))
    with pytest.raises(SecretError, match="does not open these secrets"):
        read_secrets(folder, "production")
    # and not only because it is no longer named: the values themselves are not for it
    text = (folder / FILE).read_text()
    (folder / FILE).write_text(text.replace("recipients = [", f'recipients = ["{public}", '))
    with pytest.raises(SecretError, match="cannot be decrypted"):
        read_secrets(folder, "production")
    assert not set(before.splitlines()[5:]) & set(text.splitlines()[5:]) - {"", "[production]", "[staging]"}


def test_the_only_key_is_not_removed(folder: Path) -> None:
    with pytest.raises(SecretError, match="the only key") as error:
        remove_recipient(folder, recipients(folder)[0])
    assert "key add" in error.value.remedy


def test_a_key_is_added_once_and_an_unknown_one_is_not_removed(folder: Path, other: pyrage.x25519.Identity) -> None:
    with pytest.raises(SecretError, match="already"):
        add_recipient(folder, recipients(folder)[0])
    with pytest.raises(SecretError, match="not one of those"):
        remove_recipient(folder, str(other.to_public()))


def test_a_private_key_given_by_mistake_is_refused_and_not_repeated(
    folder: Path, other: pyrage.x25519.Identity
) -> None:
    before = (folder / FILE).read_text()
    with pytest.raises(SecretError, match="this is a private key") as error:
        add_recipient(folder, str(other))
    assert str(other) not in str(vars(error.value))
    assert "history" in error.value.state
    with pytest.raises(SecretError, match="no public key of age"):
        add_recipient(folder, "age1nonsense")
    assert (folder / FILE).read_text() == before


def test_before_the_first_secret_there_is_nothing_to_encrypt(tmp_path: Path, other: pyrage.x25519.Identity) -> None:
    with pytest.raises(SecretError, match="no secrets yet"):
        add_recipient(tmp_path, str(other.to_public()))


def test_without_a_key_that_reads_nothing_is_changed(
    folder: Path, key_folder: Path, other: pyrage.x25519.Identity
) -> None:
    (key_folder / "guestbook.key").unlink()
    before = (folder / FILE).read_text()
    with pytest.raises(SecretError, match="no key here"):
        add_recipient(folder, str(other.to_public()))
    assert (folder / FILE).read_text() == before


def test_a_damaged_value_stops_the_change(folder: Path, other: pyrage.x25519.Identity) -> None:
    text = (folder / FILE).read_text()
    line = next(line for line in text.splitlines() if line.startswith("B ="))
    (folder / FILE).write_text(text.replace(line, line[:140] + "_" + line[141:]))
    before = (folder / FILE).read_text()
    with pytest.raises(SecretError, match="B of staging cannot be decrypted"):
        add_recipient(folder, str(other.to_public()))
    assert (folder / FILE).read_text() == before
