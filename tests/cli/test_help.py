from __future__ import annotations

import subprocess
import sys

import click
import pytest

from seawall.cli.command import Command
from seawall.cli.main import COMMANDS, cli

from .golden import DOCS, assert_kept
from .page import commands, help_of, page

ALL = dict(commands("seawall", cli))
LEAVES = {path: command for path, command in ALL.items() if not isinstance(command, click.Group)}
SILENT = {  # these answer with a text, a file or a program of their own
    "seawall run",
    "seawall completion",
    "seawall config explain",
    "seawall config schema",
    "seawall secret set",
    "seawall secret rm",
    "seawall secret rotate",
    "seawall secret key add",
    "seawall secret key rm",
}


def test_the_page_of_commands_is_what_help_says() -> None:
    assert_kept(DOCS / "commands.md", page())


@pytest.mark.parametrize("name", COMMANDS)
def test_the_line_in_the_table_is_the_first_line_of_the_commands_own_help(name: str) -> None:
    command = ALL[f"seawall {name}"]
    assert command.name == name
    assert (command.help or "").splitlines()[0] == COMMANDS[name]


@pytest.mark.parametrize("path", LEAVES)
def test_every_command_shows_an_example_that_begins_as_one_types_it(path: str) -> None:
    assert f"Examples:\n    {path.split(maxsplit=1)[0]}" in help_of(path, LEAVES[path]) or "seawall completion" in path


@pytest.mark.parametrize("path", LEAVES)
def test_every_command_reports_errors_the_same_way_and_those_that_report_know_json(path: str) -> None:
    command = LEAVES[path]
    assert isinstance(command, Command)
    assert ("as_json" in {parameter.name for parameter in command.params}) == (path not in SILENT)


def test_help_imports_nothing_that_is_slow() -> None:
    program = (
        "import sys\n"
        "from seawall.cli.main import cli\n"
        "cli.main(['--help'], standalone_mode=False)\n"
        "heavy = {'pydantic', 'jinja2', 'rich', 'cryptography', 'httpx', 'pyrage', 'pathspec', 'uv', 'supervisor'}\n"
        "print('heavy:', sorted(heavy & set(sys.modules)), [m for m in sys.modules if m.startswith('seawall.cli.')])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "heavy: [] ['seawall.cli.main']"
