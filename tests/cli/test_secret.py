from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from seawall.cli import secret_value
from seawall.config.secrets import read_secrets, read_store, write_store

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


@pytest.mark.parametrize(("command", "asking"), [("set", "set"), ("rotate", "rotate --ask")])
def test_a_value_behind_the_name_is_refused_and_not_repeated(run: Run, folder: Path, command: str, asking: str) -> None:
    result = run("secret", command, f"SECRET_KEY={VALUE}")
    assert result.exit_code == 2
    assert f"`seawall secret {asking} SECRET_KEY` asks for it" in result.stderr
    assert VALUE not in result.output


def test_nobody_types_a_value_for_a_name_that_is_none(run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(secret_value, "given_value", lambda *_: pytest.fail("it was asked for"))
    result = run("secret", "set", "9LIVES")
    assert result.exit_code == 2
    assert "no name of an environment variable" in result.stderr


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

    monkeypatch.setattr(secret_value.click, "prompt", prompt)
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


def test_a_value_comes_from_a_variable_too(run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI_TOKEN", VALUE)
    assert run("secret", "set", "TOKEN", "--from-env", "CI_TOKEN").exit_code == 0
    assert read_secrets(folder, "production") == {"TOKEN": VALUE}


@pytest.mark.parametrize(("value", "fact"), [(None, "is not set"), ("", "is empty")])
def test_a_variable_without_a_value_is_told(
    run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch, value: str | None, fact: str
) -> None:
    monkeypatch.delenv("CI_TOKEN", raising=False)
    if value is not None:
        monkeypatch.setenv("CI_TOKEN", value)
    result = run("secret", "set", "TOKEN", "--from-env", "CI_TOKEN")
    assert result.exit_code == 2
    assert f"the environment variable CI_TOKEN {fact}" in result.stderr
    assert not (folder / "seawall.secrets").exists()


def test_a_value_has_one_source(run: Run, folder: Path) -> None:
    (folder / "key").write_text(VALUE)
    result = run("secret", "set", "TOKEN", "--from-env", "HOME", "--from-file", str(folder / "key"))
    assert (result.exit_code, "one source" in result.stderr) == (2, True)


def test_a_signing_key_is_rotated_to_a_random_value_and_that_it_needs_a_deploy_is_said(run: Run, folder: Path) -> None:
    run("secret", "set", "SECRET_KEY", input=VALUE)
    result = run("secret", "rotate", "SECRET_KEY")
    assert result.exit_code == 0
    assert "1 old value kept in SECRET_KEY_FALLBACKS" in result.stdout
    assert "in a new release, at the next `seawall deploy`" in result.stderr
    kept = read_secrets(folder, "production")
    assert json.loads(kept["SECRET_KEY_FALLBACKS"]) == [VALUE]
    assert len(kept["SECRET_KEY"]) == 64
    assert kept["SECRET_KEY"] not in result.output
    assert VALUE not in result.output


def test_a_value_that_somebody_else_knows_is_not_made_up_unless_told(run: Run, folder: Path) -> None:
    run("secret", "set", "MAIL_PASSWORD", input=VALUE)
    result = run("secret", "rotate", "MAIL_PASSWORD")
    assert (result.exit_code, "--ask" in result.stderr) == (2, True)
    assert read_secrets(folder, "production") == {"MAIL_PASSWORD": VALUE}
    assert run("secret", "rotate", "MAIL_PASSWORD", "--ask", input="given\n").exit_code == 0
    assert read_secrets(folder, "production")["MAIL_PASSWORD"] == "given"
    said = run("secret", "rotate", "MAIL_PASSWORD", "--ask", input="another").stderr
    assert '`secrets` in the configuration names "MAIL_PASSWORD"' in said
    assert run("secret", "rotate", "MAIL_PASSWORD", "--random").exit_code == 0
    assert len(read_secrets(folder, "production")["MAIL_PASSWORD"]) == 64


def test_a_rotation_takes_no_value_from_the_command_line_and_one_option_only(run: Run) -> None:
    run("secret", "set", "SECRET_KEY", input=VALUE)
    assert run("secret", "rotate", "SECRET_KEY", "hunter2").exit_code == 2
    assert run("secret", "rotate", "SECRET_KEY", "--random", "--drop-fallbacks").exit_code == 2


def test_old_values_are_dropped_when_told(run: Run, folder: Path) -> None:
    run("secret", "set", "SECRET_KEY", input=VALUE)
    run("secret", "rotate", "SECRET_KEY")
    assert run("secret", "rotate", "SECRET_KEY", "--drop-fallbacks").exit_code == 0
    assert list(read_secrets(folder, "production")) == ["SECRET_KEY"]
    assert run("secret", "rotate", "SECRET_KEY", "--drop-fallbacks").exit_code == 2


def test_the_list_says_how_old_fallbacks_are_and_which_are_too_old(run: Run, folder: Path) -> None:
    run("secret", "set", "SECRET_KEY", input=VALUE)
    run("secret", "rotate", "SECRET_KEY")
    result = run("secret", "list")
    assert re.search(r"SECRET_KEY_FALLBACKS  1 old value, the oldest since 2\d\d\d-", result.stdout)
    assert result.stderr == ""
    store = read_store(folder)
    aged = [replace(one, retired=("2020-01-01T00:00:00Z",)) if one.retired else one for one in store.secrets]
    write_store(replace(store, secrets=tuple(aged)))
    said = run("secret", "list").stderr
    assert "note: an old value of SECRET_KEY of production is kept for" in said
    assert "seawall secret rotate SECRET_KEY --drop-fallbacks" in said


def test_a_secret_of_a_provider_is_listed_and_not_missing(run: Run, folder: Path) -> None:
    text = (folder / "seawall.toml").read_text()
    (folder / "seawall.toml").write_text(text + '\n[secrets_from]\nSECRET_KEY = "op read op://vault/key"\n')
    result = run("secret", "list")
    assert "production  SECRET_KEY  asked for by `op` at each deployment" in result.stdout
    assert "missing" not in result.stdout
    data = json.loads(run("secret", "list", "--json").stdout)
    assert {"name": "SECRET_KEY", "environment": "staging"} in data["provided"]
    assert "[secrets_from]" in run("secret", "set", "SECRET_KEY", input=VALUE).stderr


def test_two_environments_are_compared_by_name(run: Run) -> None:
    run("secret", "set", "SECRET_KEY", input=VALUE)
    run("secret", "set", "DATABASE_URL", input=VALUE)
    run("secret", "set", "SECRET_KEY", "-e", "staging", input="another")
    assert run("secret", "diff", "production", "staging").stdout == "only production  DATABASE_URL\n"
    assert_kept(KEPT / "secret-diff.json", run("secret", "diff", "production", "staging", "--json").stdout)
    run("secret", "set", "DATABASE_URL", "-e", "staging", input=VALUE)
    assert run("secret", "diff", "production", "staging").stdout == "production and staging have the same 2 names\n"
    assert run("secret", "diff", "production", "stagin").exit_code == 2


def test_keys_are_listed_added_and_removed(run: Run, folder: Path) -> None:
    import pyrage

    other = str(pyrage.x25519.Identity.generate().to_public())
    assert "No keys" in run("secret", "key", "list").stdout
    run("secret", "set", "SECRET_KEY", input=VALUE)
    assert run("secret", "key", "add", other).stdout == "1 secret encrypted anew, for this key too\n"
    assert json.loads(run("secret", "key", "list", "--json").stdout)["keys"][1] == other
    result = run("secret", "key", "rm", other)
    assert result.stdout == "1 secret encrypted anew, without this key\n"
    assert "older versions of the file" in result.stderr
    assert other not in run("secret", "key", "list").stdout
    assert run("secret", "key", "rm", other).exit_code == 2
