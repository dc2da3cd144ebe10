"""docs/reference/commands.md, made of what `--help` says, so that both are right or both are wrong."""

from __future__ import annotations

from collections.abc import Iterator

import click

from seawall.cli.main import cli

HEAD = """\
# Commands

What `--help` says of each command. `-C` and `-e` may stand before the command too. What `--json` prints is described
in [json.md](json.md).

Data goes to standard output, everything else to standard error. Colour and moving lines appear on a terminal only, and
never where `NO_COLOR` or `CI` is set. Ctrl-C ends a deployment in order: what was prepared is undone, and the host says
so; a second Ctrl-C leaves at once (exit code 130), and the host undoes it by itself.
"""


def page() -> str:
    parts = [HEAD]
    for path, command in commands("seawall", cli):
        parts.append(f"\n## {path}\n\n```text\n{help_of(path, command)}\n```\n")
    return "".join(parts)


def commands(path: str, command: click.Command) -> Iterator[tuple[str, click.Command]]:
    """A command and all below it."""
    yield path, command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            assert inner is not None
            yield from commands(f"{path} {name}", inner)


def help_of(path: str, command: click.Command) -> str:
    context = click.Context(command, info_name=path, help_option_names=["-h", "--help"], terminal_width=100)
    return command.get_help(context)
