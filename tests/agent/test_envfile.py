"""The environment file must reach the app unchanged, whatever a value holds, or be refused."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seawall.agent.envfile import parse_environment_file, render_environment_file, unfit
from seawall.agent.errors import BadRequest

NAMES = st.from_regex(r"S_[A-Za-z0-9_]{0,12}", fullmatch=True)
AWKWARD = st.sampled_from(["\n", "\t", '"', "'", "\\", "$", "`", "%", "#", ";", "=", " ", "$HOME", "%(x)s", "\\n", "é"])
VALUES = st.one_of(st.text(), st.lists(AWKWARD, max_size=8).map("".join)).filter(lambda v: not unfit("X", v))
ENVIRONMENTS = st.dictionaries(NAMES, VALUES, max_size=5)


def by_systemd(text: str) -> dict[str, str]:
    """What systemd reads: its ``parse_env_file_internal`` (src/basic/env-file.c), for the states a file of ours meets.

    Outside quotes a backslash takes the next character; a value that begins with a quote ends with it.
    """
    env: dict[str, str] = {}
    at = 0
    while at < len(text):
        name, at = text[at : text.index("=", at)], text.index("=", at) + 1
        assert text[at] == '"'
        at += 1
        value = ""
        while text[at] != '"':
            if text[at] == "\\":
                at += 1
                value += text[at] if text[at] in '"\\`$' else "" if text[at] == "\n" else "\\" + text[at]
            else:
                value += text[at]
            at += 1
        assert text[at + 1] == "\n"
        env[name], at = value, at + 2
    return env


@given(ENVIRONMENTS)
def test_what_is_written_is_read_back(env: dict[str, str]) -> None:
    assert parse_environment_file(render_environment_file(env)) == env


@given(ENVIRONMENTS)
def test_systemd_reads_what_was_meant(env: dict[str, str]) -> None:
    assert by_systemd(render_environment_file(env)) == env


@settings(max_examples=60)
@given(ENVIRONMENTS)
def test_the_shell_reads_what_was_meant(env: dict[str, str]) -> None:
    script = 'set -a; eval "$(cat)"; env -0'
    done = subprocess.run(
        ["/bin/sh", "-c", script], input=render_environment_file(env).encode(), capture_output=True, env={}, check=True
    )
    pairs = (item.split("=", 1) for item in done.stdout.decode().split("\0") if item)
    assert {name: value for name, value in pairs if name.startswith("S_")} == env
    assert done.stderr == b""


def test_a_file_sourced_by_the_shell_runs_nothing(tmp_path: Path) -> None:
    """Values that look like commands stay text."""
    mark = tmp_path / "mark"
    env = {"S_A": f"$(touch {mark})", "S_B": f"`touch {mark}`", "S_C": f'"; touch {mark}; "', "S_D": "a\n. /nowhere"}
    (tmp_path / "env").write_text(render_environment_file(env))
    command = ["/bin/sh", "-c", 'set -a; . "$0"; printf %s "$S_A$S_D"', str(tmp_path / "env")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert (done.stderr, done.stdout) == ("", env["S_A"] + env["S_D"])
    assert not mark.exists()


@pytest.mark.parametrize("value", ["a\0b", "a\rb", "\x1b[1m", "\x7f", "\udcff", "\ufdd0", "\uffff", "\U0001fffe"])
def test_a_value_that_systemd_would_drop_is_refused_and_not_shown(value: str) -> None:
    with pytest.raises(BadRequest) as caught:
        render_environment_file({"KEY": "topsecret" + value})
    assert "'KEY'" in caught.value.fact
    assert "topsecret" not in caught.value.fact


@pytest.mark.parametrize("name", ["", "1A", "A-B", "A B", "A=B", "A\nB", "É"])
def test_a_name_that_is_not_one_is_refused(name: str) -> None:
    with pytest.raises(BadRequest):
        render_environment_file({name: "x"})


@pytest.mark.parametrize("text", ["A=b\n", 'A="b\n', 'A="b" c\n', 'A="$b"\n', "nonsense\n", 'A="b"'])
def test_a_file_of_another_form_is_refused_with_its_line(text: str) -> None:
    with pytest.raises(BadRequest, match="line 3 "):
        parse_environment_file(f'# a comment\nX="1"\n{text}')


def test_the_order_does_not_depend_on_the_order_of_the_variables() -> None:
    assert render_environment_file({"B": "2", "A": "1"}) == 'A="1"\nB="2"\n'
