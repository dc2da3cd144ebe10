from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TypeVar

import click
import pytest
from click.testing import CliRunner

from seawall import errors
from seawall.agent.errors import AgentError
from seawall.cli.command import Command
from seawall.cli.render.errors import error_lines
from seawall.errors import ConfigError, ConfigErrors, HostError, SeawallError
from seawall.operations import hosts  # noqa: F401 - it brings the transport's own errors with it

from .conftest import Run
from .golden import DOCS, KEPT, assert_kept, text_of

E = TypeVar("E")
TEXTS = {"place": "the place", "state": "the state", "remedy": "the remedy", "output": "line 1\nline 2"}


def subclasses(cls: type[E]) -> Iterator[type[E]]:
    for inner in cls.__subclasses__():
        yield inner
        yield from subclasses(inner)


def made(cls: type[SeawallError]) -> SeawallError:
    if cls is ConfigErrors:
        return ConfigErrors([ConfigError("the fact", **TEXTS)])
    if cls is HostError:
        return HostError("the fact", host="web1", code="gate-failed", exit_code=4, **TEXTS)
    return cls("the fact", **TEXTS)


def command_that_raises(error: BaseException) -> click.Command:
    def fail(as_json: bool) -> None:
        raise error

    return Command("fail", callback=fail, params=[click.Option(["--json", "as_json"], is_flag=True)])


@pytest.mark.parametrize("cls", sorted({SeawallError, *subclasses(SeawallError)}, key=lambda cls: cls.__name__))
def test_every_error_is_told_whole_and_ends_with_its_own_exit_code(cls: type[SeawallError]) -> None:
    error = made(cls)
    result = CliRunner().invoke(command_that_raises(error), [])
    assert result.exit_code == error.exit_code
    assert result.stdout == ""
    for part in ("the fact", "the place", "the remedy"):
        assert part in result.stderr
    assert cls is ConfigErrors or "    line 1\n    line 2\n" in result.stderr
    assert "Traceback" not in result.stderr


def test_the_exit_codes_are_those_of_the_table() -> None:
    codes = {cls.__name__: cls.exit_code for cls in subclasses(SeawallError) if cls.__module__ == errors.__name__}
    assert {name for name, code in codes.items() if code == 2} == {
        *("UsageError", "ConfigError", "ConfigErrors", "SecretError", "ProjectError"),
    }
    assert {name for name, code in codes.items() if code == 4} == {"ConnectionLost"}
    assert set(codes.values()) == {1, 2, 4}


def test_an_error_says_fact_place_state_remedy_and_then_what_the_program_said() -> None:
    error = HostError(
        "the new release did not become healthy: 500 at /health",
        host="root@web1.example.com",
        code="gate-failed",
        exit_code=1,
        place="v13",
        state="everything is as it was; v12 is live",
        remedy="its last log lines are below",
        output="Traceback (most recent call last):\n  KeyError: 'X'\x1b[2J\n",
    )
    assert_kept(KEPT / "error-host.txt", text_of(error_lines(error)))


def test_all_mistakes_of_a_configuration_are_listed_each_with_its_line(run: Run, folder) -> None:
    (folder / "seawall.toml").write_text('name = "x"\nport = 1\n[app]\nentry = "a:b"\n[server]\nworkers = "many"\n')
    result = run("config", "check")
    assert result.exit_code == 2
    assert "error: 2 mistakes in the configuration\n" in result.stderr
    assert "  seawall.toml:2: " in result.stderr
    assert "  seawall.toml:6: " in result.stderr


def test_a_remedy_of_several_lines_stays_in_its_column() -> None:
    lines = error_lines(SeawallError("it is so", remedy="first\nsecond"))
    assert text_of(lines) == "error: it is so\n  next: first\n        second\n"


def test_the_host_of_an_error_is_named_once_and_this_machine_never() -> None:
    def place(host: str, place: str = "") -> str:
        return error_lines(HostError("it broke", host=host, code="failed", exit_code=1, place=place))[0].text

    assert place("web1", "/srv/x") == "error: it broke (web1, /srv/x)"
    assert place("web1", "web1") == "error: it broke (web1)"
    assert place("local", "/srv/x") == "error: it broke (/srv/x)"


def test_a_bug_is_called_one_and_shows_its_traceback_only_when_asked(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def break_down(*_: object) -> None:
        raise ZeroDivisionError("one by none")

    monkeypatch.setattr("seawall.config.load.load_to_deploy", break_down)
    result = run("config", "check")
    assert result.exit_code == 4
    assert "this is a bug of seawall (ZeroDivisionError: one by none)" in result.stderr
    assert "Traceback" not in result.stderr
    assert "Traceback" in run("--debug", "config", "check").stderr
    assert "Traceback" in run("config", "check", env={"SEAWALL_DEBUG": "1"}).stderr


def test_ctrl_c_where_nothing_can_be_undone_ends_with_130() -> None:
    result = CliRunner().invoke(command_that_raises(KeyboardInterrupt()), [])
    assert (result.exit_code, result.stderr) == (130, "stopped\n")


def test_with_json_an_error_is_the_one_document_and_is_told_to_people_too() -> None:
    result = CliRunner().invoke(command_that_raises(made(HostError)), ["--json"])
    document = json.loads(result.stdout)
    assert document["version"] == 1
    assert document["error"] == {"fact": "the fact", **TEXTS, "host": "web1", "code": "gate-failed", "exit_code": 4}
    assert "error: the fact" in result.stderr


def test_with_json_all_mistakes_are_in_the_error(run: Run, folder) -> None:
    (folder / "seawall.toml").write_text('name = "guestbook"\nport = 1\n')
    result = run("config", "check", "--json")
    assert_kept(KEPT / "error-config.json", result.stdout)


def test_the_page_about_json_names_every_code_of_the_agents_errors() -> None:
    page = (DOCS / "json.md").read_text()
    assert [code for code in sorted({cls.code for cls in subclasses(AgentError)}) if f"`{code}`" not in page] == []


def test_an_unknown_option_is_a_usage_error_of_exit_code_2(run: Run) -> None:
    result = run("plan", "--nope", "--json")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "--nope" in result.stderr
