"""Where the value of a secret comes from: never from the command line itself."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from seawall.errors import SecretError, UsageError

F = TypeVar("F", bound=Callable[..., Any])


def sources(function: F) -> F:
    """The options that name another source than standard input."""
    from_file = click.option(
        "--from-file",
        type=click.Path(exists=True, dir_okay=False, path_type=Path),
        metavar="FILE",
        help="Take the value from a file.",
    )
    from_env = click.option("--from-env", metavar="VAR", help="Take the value from an environment variable.")
    return from_file(from_env(function))


def no_value_in(name: str, words: tuple[str, ...], command: str) -> None:
    """Raises UsageError for a value among the arguments, NAME=VALUE too."""
    name, assigned, _ = name.partition("=")
    if words or assigned:
        raise UsageError(
            "a secret is never taken from the command line: other users and the shell's history could see it",
            state="nothing was kept; if that was the real value, take another one",
            remedy=f"`seawall secret {command} {name}` asks for it; or pipe it in",
        )


def given_value(name: str, from_file: Path | None, from_env: str | None) -> str:
    """The value, from the file, the variable, or else typed unseen or piped in; one newline at its end is dropped.
    Raises SecretError, UsageError."""
    if from_file is not None and from_env is not None:
        raise UsageError("a value has one source", remedy="give --from-file or --from-env")
    if from_env is not None:
        return _from_variable(from_env)
    if from_file is None and sys.stdin.isatty():
        value: str = click.prompt(f"Value of {name}", hide_input=True, confirmation_prompt=True, err=True)
        return value
    try:
        data = from_file.read_bytes() if from_file is not None else sys.stdin.buffer.read()
        return data.decode().removesuffix("\n")
    except UnicodeDecodeError:
        raise SecretError(
            f"the value of {name} is not UTF-8 text", place=str(from_file or "standard input"), remedy="encode it first"
        ) from None
    except OSError as error:
        raise SecretError(f"the file cannot be read: {error.strerror}", place=str(from_file)) from error


def _from_variable(variable: str) -> str:
    value = os.environ.get(variable)
    if not value:
        what = "is empty" if value == "" else "is not set"
        raise SecretError(f"the environment variable {variable} {what}", remedy="export it, or pipe the value in")
    return value
