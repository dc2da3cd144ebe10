from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.cli import console
from seawall.cli.render.lines import clean, seconds, size
from seawall.errors import ConnectionFailed

from .conftest import Run
from .golden import DOCS, KEPT, assert_kept


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.0 kB"),
        (9949, "9.9 kB"),
        (12_345, "12 kB"),
        (999_499, "999 kB"),
        (999_500, "1.0 MB"),
        (2_147_483_648, "2.1 GB"),
        (5 * 10**15, "5000 TB"),
    ],
)
def test_sizes_in_decimal_units(number: int, text: str) -> None:
    assert size(number) == text


@pytest.mark.parametrize(
    ("number", "text"), [(0.124, "0.12 s"), (9.994, "9.99 s"), (12.34, "12.3 s"), (125.4, "2 min 5 s")]
)
def test_times(number: float, text: str) -> None:
    assert seconds(number) == text


@given(st.text(st.characters(codec=None)))
def test_nothing_that_steers_a_terminal_or_cannot_be_written_is_left(text: str) -> None:
    cleaned = clean(text)
    assert cleaned.replace("\t", "").isprintable()
    cleaned.encode()
    assert not text.isprintable() or cleaned == text


def test_a_password_is_asked_for_only_where_somebody_can_type_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(console, "can_ask", lambda: False)
    with pytest.raises(ConnectionFailed, match="no terminal"):
        console.ask_password("web1")
    monkeypatch.setattr(console, "can_ask", lambda: True)
    monkeypatch.setattr("getpass.getpass", lambda prompt: f"typed after {prompt!r}")
    assert console.ask_password("web1") == "typed after 'sudo password on web1: '"


@pytest.mark.parametrize("how", ["before", "after"])
def test_directory_and_environment_may_stand_before_or_after_the_command(run: Run, folder: Path, how: str) -> None:
    (folder / "seawall.toml").write_text((folder / "seawall.toml").read_text().replace("root@staging", "-oops"))
    words = ["-e", "staging", "secret", "set", "X"] if how == "before" else ["secret", "set", "X", "-e", "staging"]
    result = run(*words, input="x")
    assert result.exit_code == 2
    (folder / "seawall.toml").write_text((folder / "seawall.toml").read_text().replace("-oops", "root@staging"))
    assert "X of staging is kept" in run(*words, input="x").stdout


def test_an_unknown_environment_names_those_there_are(run: Run) -> None:
    result = run("config", "check", "-e", "stagin")
    assert result.exit_code == 2
    assert "staging" in result.stderr


def test_config_check_as_json_is_the_kept_contract(run: Run) -> None:
    assert_kept(KEPT / "config-check.json", run("config", "check", "--json").stdout)


@pytest.mark.parametrize("path", sorted(KEPT.glob("*.json")), ids=lambda path: path.stem)
def test_the_page_about_json_shows_exactly_what_is_printed(path: Path) -> None:
    assert f"```json\n{path.read_text()}```\n" in (DOCS / "json.md").read_text()


def test_explain_lists_all_keys_or_explains_one(run: Run) -> None:
    assert "server.workers" in run("config", "explain").stdout.splitlines()
    assert "must be" in run("config", "explain", "server.workers").stdout


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_prints_a_script_of_the_shell(run: Run, shell: str) -> None:
    result = run("completion", shell)
    assert "_SEAWALL_COMPLETE" in result.stdout


def on_a_terminal(arguments: list[str], **environment: str) -> bytes:
    """What `seawall` writes to a terminal."""
    master, slave = pty.openpty()
    names = {"NO_COLOR", "CI", "TERM"}
    clear = {name: value for name, value in os.environ.items() if name not in names}
    command = [sys.executable, "-m", "seawall.cli.main", *arguments]
    env = {**clear, "TERM": "xterm", **environment}
    done = subprocess.run(command, stdin=slave, stdout=slave, stderr=slave, env=env, check=False)
    os.close(slave)
    written = os.read(master, 65536)
    os.close(master)
    assert done.returncode == 2
    return written


@pytest.mark.slow
def test_colour_is_for_terminals_and_never_where_it_is_not_wanted(folder: Path) -> None:
    arguments = ["-C", str(folder), "config", "explain", "nothing.of.the.kind"]
    assert b"\x1b[31merror" in on_a_terminal(arguments)
    assert b"\x1b" not in on_a_terminal(arguments, NO_COLOR="1")
    assert b"\x1b" not in on_a_terminal(arguments, CI="true")
