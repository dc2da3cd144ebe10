"""Secrets that nobody needs to know are made where they are missing, and kept like all others."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from seawall.config.made_secrets import Own, keep, notes, own_secrets, wanted
from seawall.config.model import Project
from seawall.config.secrets import FILE, read_secrets, set_secret
from seawall.errors import SecretError

APP = {"entry": "guestbook:app"}


def project(folder: Path, **settings: Any) -> Project:
    return Project(
        **{"name": "guestbook", "app": APP, "directory": folder, "database": {"kind": "postgresql"}, **settings}
    )


def test_a_project_without_a_database_needs_none(tmp_path: Path) -> None:
    plain = project(tmp_path, database={})
    assert wanted(plain) == {}
    assert own_secrets(plain, {"DATABASE_PASSWORD": "of somebody else's"}) == Own()


def test_this_machine_needs_none(tmp_path: Path) -> None:
    assert wanted(project(tmp_path, environment="local")) == {}


def test_a_plan_keeps_nothing(tmp_path: Path) -> None:
    own = own_secrets(project(tmp_path), {})
    assert own.made == ("DATABASE_PASSWORD",)
    assert len(own.values["DATABASE_PASSWORD"]) == 43
    assert not (tmp_path / FILE).exists()


def test_each_is_made_anew_and_not_shown(tmp_path: Path) -> None:
    one, other = (own_secrets(project(tmp_path), {}) for _ in range(2))
    assert one.values != other.values
    assert one.values["DATABASE_PASSWORD"] not in repr(one)


def test_what_is_kept_is_found_by_the_next_plan(tmp_path: Path) -> None:
    mine = project(tmp_path, environment="staging")
    own = own_secrets(mine, {})
    key = keep(mine, own)
    assert key is not None
    assert key.name == "guestbook.key"
    again = own_secrets(mine, read_secrets(tmp_path, "staging"))
    assert again == Own(own.values)
    assert keep(mine, again) is None
    assert read_secrets(tmp_path, "production") == {}


def test_the_plan_says_what_will_be_made(tmp_path: Path) -> None:
    mine = project(tmp_path)
    assert notes(mine, own_secrets(mine, {})) == (
        "DATABASE_PASSWORD is made up and kept in seawall.secrets by this deployment (commit that file): "
        "the password of the app's role in the database",
    )


def test_where_the_store_cannot_be_opened_nothing_is_added_to_it(tmp_path: Path, key_folder: Path) -> None:
    set_secret(tmp_path, "guestbook", "staging", "OTHER", "value")
    (key_folder / "guestbook.key").unlink()
    with pytest.raises(SecretError, match="there is no key here that opens the secrets"):
        own_secrets(project(tmp_path), {})


def test_what_somebody_kept_since_the_plan_is_not_written_over(tmp_path: Path) -> None:
    own = own_secrets(project(tmp_path), {})
    set_secret(tmp_path, "guestbook", "production", "DATABASE_PASSWORD", "theirs")
    with pytest.raises(SecretError, match="DATABASE_PASSWORD has been kept by somebody else since the plan was made"):
        keep(project(tmp_path), own)
    assert read_secrets(tmp_path, "production") == {"DATABASE_PASSWORD": "theirs"}


def test_backups_have_a_password_and_say_what_it_is_for(tmp_path: Path) -> None:
    mine = project(tmp_path, database={}, backup={"repository": "s3:https://s3.example.com/b"})
    own = own_secrets(mine, {})
    assert own.made == ("BACKUP_PASSWORD",)
    (note,) = notes(mine, own)
    assert "s3:https://s3.example.com/b" in note
    assert "elsewhere" in note


def test_what_only_a_person_knows_is_asked_for_and_not_made_up(tmp_path: Path) -> None:
    keys = {"secrets": ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"], "ssh_key": "BACKUP_SSH_KEY"}
    mine = project(tmp_path, database={}, backup={"repository": "sftp:vault:b", **keys})
    with pytest.raises(SecretError, match="2 secrets have no value: AWS_SECRET_ACCESS_KEY, BACKUP_SSH_KEY"):
        own_secrets(mine, {"AWS_ACCESS_KEY_ID": "id"})
    stored = {"AWS_ACCESS_KEY_ID": "id", "AWS_SECRET_ACCESS_KEY": "key", "BACKUP_SSH_KEY": "pem", "OTHER": "app's"}
    own = own_secrets(mine, stored)
    assert own.made == ("BACKUP_PASSWORD",)
    assert set(own.values) == {"BACKUP_PASSWORD", *keys["secrets"], "BACKUP_SSH_KEY"}
