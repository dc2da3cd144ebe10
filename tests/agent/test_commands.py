"""The app's own commands: in its release, with its variables, and no secret in what they print."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from agent.sample import SECRET, places, put, release
from seawall.agent import commands
from seawall.agent.errors import BadRequest, Cancelled, MigrationFailed
from seawall.agent.places import Places
from seawall.agent.releases import Made
from seawall.agent.stage import stage
from seawall.agent.store import Store
from seawall.agent.vocabulary import Release

PEM = "-----BEGIN KEY-----\nMIIEvQIBADANBg\nkqhkiG9w0BAQEF\n-----END KEY-----\n"


@pytest.fixture
def there(tmp_path: Path) -> Places:
    return places(tmp_path / "base")


@pytest.fixture
def wanted(there: Places) -> Release:
    wanted = release(put(Store(there.objects), "app.py", b""))
    stage(there, "v1", wanted, "now")
    return wanted


def run(there: Places, wanted: Release, command: str, *, cancelled: bool = False) -> list[str]:
    heard: list[str] = []
    at = there.release("v1")
    commands.run_once("migration", command, there, at, wanted, on_line=heard.append, cancelled=lambda: cancelled)
    return heard


def test_a_command_runs_in_the_code_with_the_apps_variables_and_its_environment_first(
    there: Places, wanted: Release
) -> None:
    at = there.release("v1")
    said = run(there, wanted, 'pwd; echo "$COLOUR $HOME $VIRTUAL_ENV"; echo "$PATH"; umask')
    assert said[:2] == [str(at.code), f"grey {there.data} {at.venv}"]
    assert said[2].startswith(f"{at.venv}/bin:")
    assert said[3] == "0077"


def test_secrets_are_masked_in_what_it_prints_and_in_the_error(there: Places, wanted: Release) -> None:
    with pytest.raises(MigrationFailed) as caught:
        run(there, wanted, 'echo "token $API_TOKEN"; echo "grey $API_TOKEN" >&2; exit 4')
    assert "exit code 4" in caught.value.fact
    assert SECRET not in repr(vars(caught.value))
    assert "token ••••••" in caught.value.output
    assert "grey ••••••" in caught.value.output


def test_nothing_of_the_tools_own_environment_reaches_it(
    there: Places, wanted: Release, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SEAWALL_AGE_KEY", "do not tell")
    assert not [line for line in run(there, wanted, "env") if "do not tell" in line]


def test_who_stops_waiting_ends_it(there: Places, wanted: Release) -> None:
    with pytest.raises(Cancelled):
        run(there, wanted, "sleep 600", cancelled=True)


def test_the_longest_secret_is_masked_first() -> None:
    mask = commands.masker(release(env={"A": "abcd", "B": "abcdefgh"}, secret_names=("A", "B")))
    assert mask("abcdefgh abcd") == "•••••• ••••••"


def test_every_line_of_a_secret_of_several_lines_is_masked() -> None:
    mask = commands.masker(release(env={"KEY": PEM}, secret_names=("KEY",)))
    for line in PEM.splitlines():
        assert mask(f"> {line}") == "> ••••••"


def test_what_is_no_secret_or_too_short_to_be_one_stays_readable() -> None:
    mask = commands.masker(release(env={"A": "on", "B": "", "COLOUR": "grey"}, secret_names=("A", "B", "MISSING")))
    assert mask("on a grey day") == "on a grey day"


def test_a_one_off_command_takes_the_place_of_the_process(there: Places, wanted: Release) -> None:
    script = "import os; print(os.getcwd(), os.environ['COLOUR'], os.environ.get('TERM'), sorted(os.environ)[0])"
    read_end, write_end = os.pipe()
    child = os.fork()
    if not child:
        os.dup2(write_end, 1)
        commands.become(there, Made("v1", wanted, "", ""), [sys.executable, "-c", script])
    os.close(write_end)
    with os.fdopen(read_end) as said:
        assert said.read().startswith(f"{there.release('v1').code} grey ")
    assert os.waitpid(child, 0)[1] == 0


def test_a_one_off_command_that_does_not_exist_is_named(
    there: Places, wanted: Release, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(there.base)
    with pytest.raises(BadRequest, match="'no such' cannot be run: No such file"):
        commands.become(there, Made("v1", wanted, "", ""), ["no such"])
    os.umask(0o022)
