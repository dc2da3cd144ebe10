"""Commands that print a secret: asked beside each other, bounded in time, and quoted only where they do not show it."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from seawall.config.providers import asking
from seawall.config.secrets import LONGEST
from seawall.errors import SecretError

VALUE = "pelican-7-quartz"


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A program `vault` on PATH that does what its arguments say, in Python."""
    folder = tmp_path / "bin"
    folder.mkdir()
    vault = folder / "vault"
    vault.write_text(f"#!{sys.executable}\nimport sys, os, time\nexec(sys.argv[1])\n")
    vault.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    return "vault"


def ask(folder: Path, timeout: float = 60.0, **commands: str) -> dict[str, str]:
    with asking(commands, folder, timeout) as values:
        return values()


def failure(folder: Path, timeout: float = 60.0, **commands: str) -> SecretError:
    with pytest.raises(SecretError) as caught:
        ask(folder, timeout, **commands)
    return caught.value


def test_what_a_command_prints_is_the_value_without_its_one_last_newline(tmp_path: Path, program: str) -> None:
    values = ask(
        tmp_path,
        ONE=f"vault 'print(\"{VALUE}\")'",
        TWO="vault 'print(\"a\\nb\\n\")'",
        THREE="vault 'print(5, end=\"\")'",
    )
    assert values == {"ONE": VALUE, "TWO": "a\nb\n", "THREE": "5"}


def test_no_shell_reads_the_command(tmp_path: Path) -> None:
    assert ask(tmp_path, A="echo $HOME; touch made")["A"] == "$HOME; touch made"
    assert not (tmp_path / "made").exists()


def test_it_runs_in_the_projects_folder(tmp_path: Path) -> None:
    assert ask(tmp_path, A="pwd")["A"] == str(tmp_path.resolve())


def test_commands_run_beside_each_other(tmp_path: Path, program: str) -> None:
    """Each waits for a file that the other makes, so one after the other would never end."""
    meet = 'vault \'open("{0}", "w")\nwhile not os.path.exists("{1}"): time.sleep(0.01)\nprint("{0}")\''
    assert ask(tmp_path, A=meet.format("a", "b"), B=meet.format("b", "a")) == {"A": "a", "B": "b"}


def test_a_program_that_is_not_there_is_named(tmp_path: Path) -> None:
    error = failure(tmp_path, A="no-such-vault read it")
    assert error.fact == "A could not be asked for: there is no program `no-such-vault` here"
    assert error.place == "[secrets_from] A"


def test_a_file_that_is_no_program_is_told(tmp_path: Path) -> None:
    (tmp_path / "plain").write_text("text")
    assert "cannot be run: Permission denied" in failure(tmp_path, A="./plain").fact


def test_a_failed_command_is_told_with_what_it_said_but_not_with_what_it_printed(tmp_path: Path, program: str) -> None:
    said = f'print("{VALUE}"); sys.stderr.write("not signed in; had {VALUE}\\n"); sys.exit(3)'
    error = failure(tmp_path, A=f"vault '{said}'")
    assert error.fact == "A could not be asked for: `vault` ended with exit status 3"
    assert error.output == "not signed in; had ••••••"
    assert VALUE not in str(vars(error))
    assert error.__cause__ is None


def test_a_command_that_prints_nothing_is_told(tmp_path: Path) -> None:
    assert "`true` printed nothing" in failure(tmp_path, A="true").fact
    assert "`echo` printed nothing" in failure(tmp_path, A="echo").fact


def test_a_command_that_does_not_end_is_ended(tmp_path: Path) -> None:
    error = failure(tmp_path, timeout=0.2, A=f"sh -c 'echo $$ > {tmp_path}/pid; exec sleep 600'")
    assert "did not end within 0.2 s" in error.fact
    assert not Path(f"/proc/{(tmp_path / 'pid').read_text().strip()}").exists()


def test_a_command_is_ended_with_the_block_when_something_else_fails(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="else"), asking({"A": "sleep 600"}, tmp_path):
        raise ValueError("something else")
    # the reader thread has been joined, so the process is gone
    assert not [p for p in Path("/proc").glob("[0-9]*/stat") if _is_our_sleep(p)]


def _is_our_sleep(stat: Path) -> bool:
    try:
        name, _, rest = stat.read_text().partition(") ")
    except OSError:
        return False
    return name.endswith("(sleep") and rest.split()[1] == str(os.getpid())


@pytest.mark.parametrize(
    ("printed", "fact"),
    [
        ("sys.stdout.buffer.write(bytes([255, 254]))", "not UTF-8"),
        ("print(chr(0))", "no value"),
        (f"print(chr(120) * {LONGEST + 1})", "no value"),
    ],
)
def test_what_could_not_be_a_variable_is_told_without_showing_it(
    tmp_path: Path, program: str, printed: str, fact: str
) -> None:
    error = failure(tmp_path, A=f"vault '{printed}'")
    assert fact in error.fact
    assert error.output == ""


def test_all_that_failed_is_told_at_once(tmp_path: Path) -> None:
    error = failure(tmp_path, A="true", B="no-such-vault", C="echo fine")
    assert error.fact == "2 secrets could not be asked for"
    assert "A could not be asked for: `true`" in error.remedy
    assert "B could not be asked for: there is no program" in error.remedy
    assert "C" not in error.remedy
