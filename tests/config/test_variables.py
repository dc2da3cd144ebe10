"""Which value a variable has, and where it comes from."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Any

import pytest

from seawall.config.dotenv import read_dotenv
from seawall.config.model import Project
from seawall.config.variables import resolve, to_ask
from seawall.errors import ConfigErrors, SecretError


def project(folder: Path, environment: str = "production", **values: Any) -> Project:
    given = {"name": "guestbook", "app": {"entry": "a:app"}, "directory": folder, "environment": environment}
    return Project.model_validate(given | values)


def test_the_store_beats_the_dotenv_file_and_that_beats_the_configuration(tmp_path: Path) -> None:
    (tmp_path / ".env.production").write_text("B=file\nC=file\n")
    wanted = project(tmp_path, env={"A": "base", "B": "base", "C": "base"}, secrets=["C"])
    found = resolve(wanted, {"C": "store", "UNNAMED": "store"})
    assert found.values == {"A": "base", "B": "file", "C": "store"}
    assert found.sources == {"A": "[env]", "B": ".env.production", "C": "seawall.secrets"}


def test_a_plain_dotenv_file_reaches_the_local_target_only(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("A=developer\nB=developer\n")
    (tmp_path / ".env.local").write_text("B=local\n")
    assert resolve(project(tmp_path), {}).values == {}
    assert resolve(project(tmp_path, "staging"), {}).values == {}
    assert resolve(project(tmp_path, "local"), {}).values == {"A": "developer", "B": "local"}


def test_all_missing_secrets_are_named_at_once_with_what_to_type(tmp_path: Path) -> None:
    wanted = project(tmp_path, secrets=["SECRET_KEY", "DATABASE_URL", "HERE"])
    with pytest.raises(SecretError, match="2 secrets have no value: SECRET_KEY, DATABASE_URL") as error:
        resolve(wanted, {"HERE": "x"})
    assert error.value.remedy == "seawall secret set SECRET_KEY\nseawall secret set DATABASE_URL"
    with pytest.raises(SecretError) as error:
        resolve(project(tmp_path, "staging", secrets=["A"]), {})
    assert error.value.remedy == "seawall secret set A --environment staging"


def test_a_local_signing_key_is_made_up_once_and_said(tmp_path: Path) -> None:
    wanted = project(tmp_path, "local", secrets=["SECRET_KEY", "MAIL_API_KEY"])
    with pytest.raises(SecretError, match="a secret has no value: MAIL_API_KEY"):
        resolve(wanted, {})
    first = resolve(wanted, {"MAIL_API_KEY": "x"})
    assert len(first.values["SECRET_KEY"]) >= 43
    assert first.notes == ("SECRET_KEY is a random value made for this machine, kept in .seawall/local.secrets",)
    assert resolve(wanted, {"MAIL_API_KEY": "x"}).values == first.values
    assert stat.S_IMODE((tmp_path / ".seawall" / "local.secrets").stat().st_mode) == 0o600
    given = resolve(wanted, {"MAIL_API_KEY": "x", "SECRET_KEY": "given"})
    assert (given.values["SECRET_KEY"], given.notes) == ("given", ())


def test_no_server_gets_a_key_that_was_made_up(tmp_path: Path) -> None:
    resolve(project(tmp_path, "local", secrets=["SECRET_KEY"]), {})
    with pytest.raises(SecretError, match="SECRET_KEY"):
        resolve(project(tmp_path, "production", secrets=["SECRET_KEY"]), {})


def test_spoiled_local_secrets_are_told(tmp_path: Path) -> None:
    (tmp_path / ".seawall").mkdir()
    (tmp_path / ".seawall" / "local.secrets").write_text("{ hunter2")
    with pytest.raises(SecretError, match="local secrets") as error:
        resolve(project(tmp_path, "local", secrets=["SECRET_KEY"]), {})
    assert error.value.__cause__ is None


def test_values_do_not_show_when_variables_are_printed(tmp_path: Path) -> None:
    assert "hunter2" not in repr(resolve(project(tmp_path, secrets=["A"]), {"A": "hunter2"}))


def test_a_dotenv_file_is_read_with_quotes_comments_and_references(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    path.write_text('# a comment\n\nexport A=one # why\nB="two\\nlines"\nC=${A}-${D:-four}\nE=\n')
    assert read_dotenv(path) == {"A": "one", "B": "two\nlines", "C": "one-four", "E": ""}


def test_the_process_environment_does_not_leak_into_a_dotenv_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FROM_OUTSIDE", "hunter2")
    (tmp_path / ".env").write_text("A=1\n\nB=${FROM_OUTSIDE}\n")
    with pytest.raises(ConfigErrors) as error:
        read_dotenv(tmp_path / ".env")
    assert [(each.place, each.fact) for each in error.value.errors] == [
        (".env:3", "${FROM_OUTSIDE} is not set in a line above")
    ]


def test_all_mistakes_of_a_dotenv_file_are_told_without_their_values(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    path.write_text('A=1\n\n# fine\nhunter2 hunter2\nB\n"MY-VAR"=hunter2\nC="hunter2\n')
    with pytest.raises(ConfigErrors) as error:
        read_dotenv(path)
    told = [(each.place, each.fact) for each in error.value.errors]
    assert told == [
        (".env:4", "this line is no NAME=value"),
        (".env:5", "B has no value"),
        (".env:6", "this is no name of an environment variable"),
        (".env:7", "this line is no NAME=value"),
    ]
    assert "hunter2" not in str([vars(each) for each in error.value.errors])


def test_a_dotenv_file_that_is_no_text_is_told(tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(b"A=\xff\n")
    with pytest.raises(ConfigErrors) as error:
        read_dotenv(tmp_path / ".env")
    assert error.value.errors[0].place == ".env"


def test_a_rotated_secret_comes_with_its_old_values(tmp_path: Path) -> None:
    stored = {"SECRET_KEY": "new", "SECRET_KEY_FALLBACKS": '["old"]', "OTHER_FALLBACKS": "[]"}
    found = resolve(project(tmp_path, secrets=["SECRET_KEY"]), stored)
    assert found.values == {"SECRET_KEY": "new", "SECRET_KEY_FALLBACKS": '["old"]'}
    assert found.secret == {"SECRET_KEY", "SECRET_KEY_FALLBACKS"}


def test_what_a_provider_printed_beats_all_else(tmp_path: Path) -> None:
    (tmp_path / ".env.production").write_text("TOKEN=file\n")
    wanted = project(tmp_path, secrets=["TOKEN"], secrets_from={"TOKEN": "op read it"})
    found = resolve(wanted, {"TOKEN": "store"}, {"TOKEN": "provided"})
    assert (found.values, found.sources) == ({"TOKEN": "provided"}, {"TOKEN": "[secrets_from]"})
    assert found.secret == {"TOKEN"}


def test_on_a_server_every_provider_is_asked_and_here_only_for_what_nobody_keeps_here(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("A=mine\n")
    commands = {"A": "op read a", "B": "op read b", "C": "op read c"}
    assert to_ask(project(tmp_path, secrets_from=commands), {"B": "kept"}) == commands
    assert to_ask(project(tmp_path, "local", secrets_from=commands), {"B": "kept"}) == {"C": "op read c"}


def test_an_address_with_a_password_is_secret_whatever_its_name(tmp_path: Path) -> None:
    (tmp_path / ".env.production").write_text(
        "DB=postgresql://app:hunter2@db/app\nSITE=https://example.com/a:b@c\nPLAIN=redis://cache:6379/0\n"
    )
    assert resolve(project(tmp_path), {}).secret == {"DB"}
