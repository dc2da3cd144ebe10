from __future__ import annotations

import json
from pathlib import Path

import pytest

from seawall.cli import secret
from seawall.config.secrets import read_secrets

from .conftest import Run
from .golden import KEPT, assert_kept

VALUE = "correct horse"


def test_a_piped_value_is_kept_encrypted_without_its_last_newline(run: Run, folder: Path) -> None:
    result = run("secret", "set", "SECRET_KEY", input=f"{VALUE}\n")
    assert result.exit_code == 0
    assert VALUE not in result.output
    assert VALUE not in (folder / "seawall.secrets").read_text()
    assert read_secrets(folder, "production") == {"SECRET_KEY": VALUE}


def test_the_first_secret_makes_a_key_and_says_where_it_is_and_that_it_must_be_kept(run: Run, tmp_path: Path) -> None:
    result = run("secret", "set", "SECRET_KEY", input=VALUE)
    assert str(tmp_path / "config/seawall/keys/guestbook.key") in result.stdout
    assert "keep a copy" in result.stdout
    assert "keep a copy" not in run("secret", "set", "SECRET_KEY", input=VALUE).output


def test_a_value_on_the_command_line_is_refused_with_the_reason_and_not_repeated(run: Run, folder: Path) -> None:
    result = run("secret", "set", "SECRET_KEY", VALUE)
    assert result.exit_code == 2
    assert "history" in result.stderr
    assert VALUE not in result.output
    assert not (folder / "seawall.secrets").exists()


def test_a_file_is_taken_as_it_is_but_for_its_last_newline(run: Run, folder: Path) -> None:
    (folder / "key.pem").write_text("one\ntwo\n\n")
    assert run("secret", "set", "PEM", "--from-file", str(folder / "key.pem")).exit_code == 0
    assert read_secrets(folder, "production") == {"PEM": "one\ntwo\n"}


def test_what_is_not_text_is_refused(run: Run, folder: Path) -> None:
    result = run("secret", "set", "PEM", input=b"\xff\xfe")
    assert result.exit_code == 2
    assert "UTF-8" in result.stderr
    assert not (folder / "seawall.secrets").exists()


def test_on_a_terminal_it_is_asked_for_twice_and_not_shown(
    run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[dict[str, object]] = []

    def prompt(_: str, **how: object) -> str:
        asked.append(how)
        return VALUE

    monkeypatch.setattr(secret.click, "prompt", prompt)
    monkeypatch.setattr("click.testing._NamedTextIOWrapper.isatty", lambda _: True, raising=False)
    assert run("secret", "set", "SECRET_KEY").exit_code == 0
    assert asked == [{"hide_input": True, "confirmation_prompt": True, "err": True}]
    assert read_secrets(folder, "production") == {"SECRET_KEY": VALUE}


def test_each_environment_has_its_own(run: Run, folder: Path) -> None:
    run("secret", "set", "SECRET_KEY", "-e", "staging", input=VALUE)
    assert read_secrets(folder, "staging") == {"SECRET_KEY": VALUE}
    assert read_secrets(folder, "production") == {}


def test_a_secret_that_the_app_would_not_get_is_noted(run: Run) -> None:
    assert '`secrets` in the configuration names "OTHER"' in run("secret", "set", "OTHER", input=VALUE).stderr
    assert "note" not in run("secret", "set", "SECRET_KEY", input=VALUE).stderr


def test_the_list_names_what_is_kept_and_what_is_missing(run: Run) -> None:
    run("secret", "set", "SECRET_KEY", input=VALUE)
    result = run("secret", "list")
    assert result.stdout.startswith("production  SECRET_KEY  changed 2")
    assert "missing: SECRET_KEY of staging (seawall secret set SECRET_KEY -e staging)" in result.stdout
    assert VALUE not in result.output


def test_the_list_as_json_is_the_kept_contract(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    from seawall.config.secrets import Secret

    kept = (Secret("production", "SECRET_KEY", "2026-01-02T03:04:05Z", "AAAA"),)
    monkeypatch.setattr("seawall.config.secrets.list_secrets", lambda _: kept)
    assert_kept(KEPT / "secret-list.json", run("secret", "list", "--json").stdout)


def test_removing_forgets_one_and_an_unknown_name_is_an_error(run: Run) -> None:
    run("secret", "set", "SECRET_KEY", input=VALUE)
    assert run("secret", "rm", "OTHER").exit_code == 2
    assert run("secret", "rm", "SECRET_KEY").exit_code == 0
    assert json.loads(run("secret", "list", "--json").stdout)["secrets"] == []
