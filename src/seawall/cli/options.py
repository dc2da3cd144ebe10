"""The options that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])


def directory(function: F) -> F:
    return click.option(
        "-C",
        "--directory",
        type=click.Path(exists=True, file_okay=False, path_type=Path),
        default=Path(),
        metavar="DIR",
        help="Work as if started in DIR.",
    )(function)


def environment(function: F) -> F:
    return click.option(
        "-e",
        "--environment",
        default="production",
        metavar="NAME",
        help="The environment: production unless told otherwise; local is this machine.",
    )(function)


def project(function: F) -> F:
    """Which project, and in which environment."""
    return directory(environment(function))


def hosts(function: F) -> F:
    return click.option(
        "--host", "hosts", multiple=True, metavar="HOST", help="Only this host of the project; may be repeated."
    )(function)


def as_json(function: F) -> F:
    return click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")(function)


def yes(function: F) -> F:
    return click.option("-y", "--yes", is_flag=True, help="Do not ask.")(function)
