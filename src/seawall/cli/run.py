"""`seawall run`."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from seawall.cli import options
from seawall.cli.command import Command


@click.command("run", cls=Command, context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
@options.project
@click.option("--host", metavar="HOST", help="This host of the project instead of the first.")
@click.argument("words", nargs=-1, required=True, type=click.UNPROCESSED, metavar="-- COMMAND...")
def command(directory: Path, environment: str, host: str | None, words: tuple[str, ...]) -> None:
    """Run a command in the live release's environment.

    It runs as the app's user, in the release's folder, with its variables and its virtual environment. Its exit code
    is the command's.

    \b
    Examples:
      seawall run -- flask shell
      seawall run -e local -- flask --app guestbook db current
    """
    from seawall.cli.sessions import connected

    with connected(directory, environment, [host] if host else []) as hosts:
        from seawall.operations.run import command_line

        line = command_line(hosts[0], list(words), terminal=sys.stdin.isatty())
    sys.stdout.flush()
    os.execvp(line[0], line)  # noqa: S606 - the program takes our place, so the terminal and its signals are its own
