"""A command of seawall: one that turns errors into words and exit codes."""

from __future__ import annotations

import traceback
from typing import Any

import click

from seawall.cli import console
from seawall.errors import SeawallError

#: A bug may strike at any moment, so nothing can be promised of the state things are in.
BUG = 4
#: What a shell reports for a program that Ctrl-C ended: 128 + SIGINT.
INTERRUPTED = 130


class Command(click.Command):
    """Reports a SeawallError with its exit code, Ctrl-C with 130, and anything else as a bug of seawall."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except SeawallError as error:
            _report(error, as_json=bool(ctx.params.get("as_json")))
            ctx.exit(error.exit_code)
        except (KeyboardInterrupt, click.Abort):
            console.say("stopped")
            ctx.exit(INTERRUPTED)
        except (click.exceptions.Exit, click.ClickException, BrokenPipeError):
            raise
        except Exception as error:  # noqa: BLE001 - the program's rim: whatever comes here is a bug, and is said to be
            _report_bug(error, debug=bool((ctx.obj or {}).get("debug")))
            ctx.exit(BUG)


def _report(error: SeawallError, *, as_json: bool) -> None:
    from seawall.cli.render.errors import error_data, error_lines

    console.say(error_lines(error))
    if as_json:
        console.document(error_data(error))


def _report_bug(error: Exception, *, debug: bool) -> None:
    from seawall.cli.render.errors import bug_lines

    if debug:
        console.say("".join(traceback.format_exception(error)).rstrip())
    console.say(bug_lines(error))
