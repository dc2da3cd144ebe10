"""`seawall`: the group of all commands. A command's module is imported only when it is called for."""

from __future__ import annotations

import gc
import os
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import click

#: Every command with the line that `seawall --help` says of it; its module has the same name.
COMMANDS = {
    "init": "Look at the project and write seawall.toml.",
    "config": "Check, explain or describe the configuration.",
    "check": "Go through the production checklist.",
    "plan": "Show what a deploy would change, and change nothing.",
    "deploy": "Put the project online, or release a new version of it.",
    "up": "Put the project online on this machine.",
    "down": "Stop what `seawall up` started.",
    "rollback": "Make an earlier release live again.",
    "releases": "List the releases that the hosts keep.",
    "status": "Say how the app is.",
    "explain": "Show the sum behind a value that seawall chose.",
    "tune": "Find the quickest way to run the app, by trying.",
    "verify": "Check that what lies and runs on the hosts is what was sent.",
    "logs": "Show what the app has logged.",
    "run": "Run a command in the live release's environment.",
    "restart": "Start the live release anew, without losing a request.",
    "maintenance": "Show visitors a calm page, or let them in again.",
    "cache": "Look after the pages that the front server keeps.",
    "database": "Look after the databases of the environments.",
    "clone-host": "Bring the app up on a fresh host, with the data of the newest backup.",
    "cert": "Look after the site's certificate.",
    "backup": "Make backups of the app's data, list them, remove some.",
    "restore": "Restore a backup.",
    "drill": "Prove that the newest backup can be restored.",
    "alerts": "See who is told of trouble, and what trouble there is.",
    "secret": "Keep secrets, encrypted, beside the configuration.",
    "server": "Make a fresh server a good home for apps, and look after it.",
    "destroy": "Remove the app from its hosts.",
    "completion": "Print the completion script of a shell.",
}

EPILOG = """\
`seawall COMMAND --help` tells more, with examples.

\b
Exit codes:
  0  done, or nothing to do
  1  failed; everything is as it was
  2  wrong usage or configuration
  3  `seawall plan --exit-code` found changes
  4  failed, and something needs a person
"""


class Commands(click.Group):
    """The table above as click wants it: `--help` reads the table and imports no command."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = import_module(f"seawall.cli.{cmd_name.replace('-', '_')}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog=EPILOG,
)
@click.option(
    "-C",
    "--directory",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    metavar="DIR",
    help="Work as if started in DIR.",
)
@click.option("-e", "--environment", metavar="NAME", help="The environment; production unless told otherwise.")
@click.option("--debug", is_flag=True, envvar="SEAWALL_DEBUG", help="Show the traceback of an unexpected error.")
@click.version_option(package_name="seawall", message="seawall %(version)s")
@click.pass_context
def cli(ctx: click.Context, directory: Path | None, environment: str | None, debug: bool) -> None:
    """Puts Python web apps online: secure, watched, and changed without losing a request.

    \b
    seawall init                     look at the project, write seawall.toml
    seawall up                       put it online on this machine
    seawall deploy                   put it online on its hosts
    seawall rollback                 take that back
    """
    if os.environ.get("NO_COLOR") or os.environ.get("CI"):
        ctx.color = False
    ctx.obj = {"debug": debug}
    ctx.default_map = _defaults({"directory": directory, "environment": environment})


def _defaults(given: dict[str, Any]) -> dict[str, Any]:
    """`-C` and `-e` may stand before the command too: there they are the defaults of every command's own."""
    values = {name: value for name, value in given.items() if value is not None}
    words = (
        "check",
        "set",
        "list",
        "rm",
        "rotate",
        "diff",
        "add",
        "status",
        "renew",
        "server",
        "purge",
        "now",
        "forget",
        "test",
        "copy",
        "drop",
        "promote",
    )
    nested: dict[str, Any] = dict.fromkeys(words, values)
    nested["key"] = dict(nested)
    return {name: {**values, **nested} for name in COMMANDS} if values else {}


def main() -> None:
    """The program `seawall`."""
    for stream in (sys.stdout, sys.stderr):
        # A terminal that cannot show a character gets its number, not a crash.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    # A command is short, and nearly all it makes are modules, which stay: looking through them for garbage again and
    # again, and once more at the end, would take a tenth of its time.
    gc.set_threshold(100_000, 50, 50)
    try:
        cli.main(prog_name="seawall")
    finally:
        gc.freeze()


if __name__ == "__main__":
    main()
