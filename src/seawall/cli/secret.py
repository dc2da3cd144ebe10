"""`seawall secret`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from seawall.cli import console, options
from seawall.cli.command import Command
from seawall.cli.render.lines import Line, table
from seawall.errors import SecretError, UsageError

if TYPE_CHECKING:
    from seawall.config.secrets import Secret


@click.group("secret")
def command() -> None:
    """Keep secrets, encrypted, beside the configuration.

    They are kept in seawall.secrets, which is safe to commit; the key that opens them is kept outside the project.
    """


@command.command("set", cls=Command)
@options.project
@click.option(
    "--from-file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Take the value from a file.",
)
@click.argument("name")
@click.argument("value", nargs=-1, metavar="")
def set_(directory: Path, environment: str, from_file: Path | None, name: str, value: tuple[str, ...]) -> None:
    """Set a secret: asked for, or read from standard input or a file.

    A value is never taken from the command line, where other users of this machine and the shell's history would see
    it. One newline at its end is dropped.

    \b
    Examples:
      seawall secret set SECRET_KEY
      pass show guestbook/database | seawall secret set DATABASE_URL
      seawall secret set SIGNING_KEY --from-file key.pem -e staging
    """
    if value:
        raise UsageError(
            "a secret is never taken from the command line: other users and the shell's history could see it",
            state="nothing was kept; if that was the real value, take another one",
            remedy=f"`seawall secret set {name}` asks for it; or pipe it in",
        )
    from seawall.config.load import load
    from seawall.config.secrets import FILE, set_secret

    project = load(directory, environment)
    made = set_secret(project.directory, project.name, environment, name, _value(name, from_file))
    console.show(f"{name} of {environment} is kept in {FILE}")
    if made is not None:
        console.show(key_lines(made))
    if name not in project.secrets:
        console.say([Line(f'note: the app gets it once `secrets` in the configuration names "{name}"', "careful")])


@command.command("list", cls=Command)
@options.directory
@options.as_json
def list_(directory: Path, as_json: bool) -> None:
    """List the names of all secrets, and those that are missing. Values are not shown, and need no key.

    \b
    Examples:
      seawall secret list
      seawall secret list --json
    """
    from seawall.config.document import find
    from seawall.config.load import load
    from seawall.config.secrets import list_secrets

    document = find(directory)
    kept = list_secrets(document.directory)
    environments = ["production", *(name for name in document.environments if name not in ("production", "local"))]
    wanted = {name: load(directory, name).secrets for name in environments}
    missing = _missing(kept, wanted)
    if as_json:
        secrets = [{"name": one.name, "environment": one.environment, "changed": one.changed} for one in kept]
        absent = [{"name": name, "environment": environment} for environment, name in missing]
        console.document({"secrets": secrets, "missing": absent})
    else:
        console.show(secret_lines(kept, missing))


@command.command("rm", cls=Command)
@options.project
@click.argument("name")
def rm(directory: Path, environment: str, name: str) -> None:
    """Forget a secret. Releases that have it keep it.

    \b
    Examples:
      seawall secret rm OLD_TOKEN
    """
    from seawall.config.document import find
    from seawall.config.secrets import remove_secret

    remove_secret(find(directory).directory, environment, name)
    console.show(f"{name} of {environment} is forgotten")


def key_lines(made: Path) -> list[Line]:
    """Where a new key is, and that it must be kept."""
    return [
        Line(f"the key that opens it was made: {made}", "title"),
        Line("  keep a copy of it somewhere safe: without it the secrets are lost"),
        Line("  another machine needs it in the same place, or in SEAWALL_KEY"),
    ]


def secret_lines(kept: tuple[Secret, ...], missing: list[tuple[str, str]]) -> list[Line]:
    """The secrets by environment, and below what is missing."""
    if not kept and not missing:
        return [Line("No secrets: `seawall secret set NAME` keeps the first.")]
    rows = [(one.environment, one.name, f"changed {one.changed}") for one in kept]
    lines = [Line(text) for text in table(rows, "")]
    for environment, name in missing:
        option = "" if environment == "production" else f" -e {environment}"
        lines.append(Line(f"missing: {name} of {environment} (seawall secret set {name}{option})", "bad"))
    return lines


def _missing(kept: tuple[Secret, ...], wanted: dict[str, tuple[str, ...]]) -> list[tuple[str, str]]:
    there = {(one.environment, one.name) for one in kept}
    return [
        (environment, name)
        for environment, names in wanted.items()
        for name in names
        if (environment, name) not in there
    ]


def _value(name: str, from_file: Path | None) -> str:
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
