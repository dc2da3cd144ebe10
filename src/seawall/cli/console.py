"""Where words go: data to standard output, all else to standard error; and whether a person is there to answer."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable
from typing import Any

import click

from seawall.cli.render.lines import STYLES, Line, clean, lines_of
from seawall.errors import ConnectionFailed, UsageError

#: The version of every JSON document that seawall prints (docs/reference/json.md).
JSON_VERSION = 1


def say(what: str | Iterable[Line]) -> None:
    """Tell the person something: to standard error."""
    _write(what, err=True)


def show(what: str | Iterable[Line]) -> None:
    """What was asked for: to standard output."""
    _write(what, err=False)


def document(data: dict[str, Any]) -> None:
    """The one JSON document of a command with `--json`."""
    click.echo(json.dumps({"version": JSON_VERSION, **data}, indent=2))


def record(data: dict[str, Any]) -> None:
    """One of many JSON objects, on a line of its own and at once."""
    click.echo(json.dumps({"version": JSON_VERSION, **data}))


def is_live() -> bool:
    """Whether standard error is a terminal that can be drawn on."""
    return sys.stderr.isatty() and not os.environ.get("CI") and os.environ.get("TERM") != "dumb"


def can_ask() -> bool:
    """Whether a person is there to answer a question."""
    return sys.stdin.isatty() and not os.environ.get("CI")


def confirmed(question: str) -> bool:
    return click.confirm(question, default=False, err=True)


def ask_password(host: str) -> str:
    """sudo's password on ``host``, typed unseen. Raises ConnectionFailed where nobody can type it."""
    import getpass

    if not can_ask():
        raise ConnectionFailed(
            "sudo there wants a password, and there is no terminal to ask for it",
            place=host,
            state="nothing was changed there",
            remedy="run it in a terminal, log in as root, or allow your user sudo without a password",
        )
    return getpass.getpass(f"sudo password on {host}: ")


def must_ask(action: str, remedy: str) -> None:
    """Raises UsageError where ``action`` needs a yes and nobody is there to say it."""
    if not can_ask():
        raise UsageError(f"{action} asks first, and there is no terminal to answer", remedy=remedy)


def _write(what: str | Iterable[Line], *, err: bool) -> None:
    for line in lines_of(what) if isinstance(what, str) else what:
        click.echo(click.style(clean(line.text), **STYLES[line.style]) if line.style else clean(line.text), err=err)
