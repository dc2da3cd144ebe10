"""`seawall secret`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from seawall.cli import console, options, secret_key, secret_value
from seawall.cli.command import Command
from seawall.cli.render.lines import Line
from seawall.cli.render.secrets import (
    diff_data,
    diff_lines,
    fallback_notes,
    key_lines,
    list_data,
    rotated_lines,
    secret_lines,
)
from seawall.errors import UsageError

if TYPE_CHECKING:
    from seawall.config.model import Project


@click.group("secret")
def command() -> None:
    """Keep secrets, encrypted, beside the configuration.

    They are kept in seawall.secrets, which is safe to commit; the key that opens them is kept outside the project.
    """


@command.command("set", cls=Command)
@options.project
@secret_value.sources
@click.argument("name")
@click.argument("value", nargs=-1, metavar="")
def set_(
    *,
    directory: Path,
    environment: str,
    from_file: Path | None,
    from_env: str | None,
    name: str,
    value: tuple[str, ...],
) -> None:
    """Set a secret, typed unseen or piped in.

    It may also come from a file or an environment variable. A value is never taken from the command line, where
    other users of this machine and the shell's history would see it. One newline at its end is dropped.

    \b
    Examples:
      seawall secret set SECRET_KEY
      pass show guestbook/database | seawall secret set DATABASE_URL
      seawall secret set SIGNING_KEY --from-file key.pem -e staging
      seawall secret set SENTRY_DSN --from-env CI_SENTRY_DSN
    """
    secret_value.no_value_in(name, value, "set")
    from seawall.config.load import load
    from seawall.config.secrets import FILE, check_name, set_secret

    project = load(directory, environment)
    check_name(environment, name)
    text = secret_value.given_value(name, from_file, from_env)
    made = set_secret(project.directory, project.name, environment, name, text)
    console.show(f"{name} of {environment} is kept in {FILE}")
    if made is not None:
        console.show(key_lines(made))
    console.say(_whether_it_travels(project, name))


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
    projects = {name: load(directory, name) for name in environments}
    provided = {name: project.secrets_from for name, project in projects.items()}
    there = {(one.environment, one.name) for one in kept} | {(env, name) for env in provided for name in provided[env]}
    wanted = [(env, name) for env, project in projects.items() for name in project.secrets]
    missing = [each for each in wanted if each not in there]
    if as_json:
        console.document(list_data(kept, missing, provided))
    else:
        console.show(secret_lines(kept, missing, provided))
    console.say(fallback_notes(kept))


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


@command.command("rotate", cls=Command)
@options.project
@secret_value.sources
@click.option("--ask", is_flag=True, help="Ask for the new value, or read it from standard input.")
@click.option("--random", "at_random", is_flag=True, help="Make the new value up, whatever the name.")
@click.option("--drop-fallbacks", is_flag=True, help="Forget the old values, and change nothing else.")
@click.argument("name")
@click.argument("value", nargs=-1, metavar="")
def rotate(
    *,
    directory: Path,
    environment: str,
    from_file: Path | None,
    from_env: str | None,
    ask: bool,
    at_random: bool,
    drop_fallbacks: bool,
    name: str,
    value: tuple[str, ...],
) -> None:
    """Give a secret a new value and keep the old one for a while.

    The old one is kept in NAME_FALLBACKS. A signing key such as SECRET_KEY is made up at random; the value of
    anything else must be given, as somebody else knows it too. The app gets the old values, at most two, as a JSON
    list; the next rotation drops those older than 31 days. The next deployment brings all of it to the app, in a
    new release.

    \b
    Examples:
      seawall secret rotate SECRET_KEY
      seawall secret rotate SECRET_KEY --drop-fallbacks
      pass show guestbook/api | seawall secret rotate API_TOKEN --ask
    """
    secret_value.no_value_in(name, value, "rotate --ask")
    given = [ask, at_random, drop_fallbacks, from_file is not None, from_env is not None]
    if given.count(True) > 1:
        raise UsageError("one of these options at a time", remedy="see `seawall secret rotate --help`")
    from seawall.config import rotation
    from seawall.config.load import load

    project = load(directory, environment)
    if drop_fallbacks:
        rotation.drop_fallbacks(project.directory, environment, name)
        console.show(f"the old values of {name} of {environment} are forgotten")
    else:
        from_person = ask or from_file is not None or from_env is not None
        new = secret_value.given_value(name, from_file, from_env) if from_person else _made_up(name, at_random)
        done = rotation.rotate(project.directory, environment, name, new)
        console.show(rotated_lines(name, environment, done.kept, done.dropped))
    option = "" if environment == "production" else f" -e {environment}"
    console.say(
        _whether_it_travels(project, name)
        or [Line(f"this reaches the app in a new release, at the next `seawall deploy{option}`")]
    )


@command.command("diff", cls=Command)
@options.directory
@options.as_json
@click.argument("one")
@click.argument("other")
def diff(directory: Path, as_json: bool, one: str, other: str) -> None:
    """Compare the names that two environments have. Values are not compared, and no key is needed.

    \b
    Examples:
      seawall secret diff production staging
    """
    from seawall.config.load import load
    from seawall.config.secrets import list_secrets

    first, second = load(directory, one), load(directory, other)
    kept = list_secrets(first.directory)
    names = [
        {secret.name for secret in kept if secret.environment == project.environment} | set(project.secrets_from)
        for project in (first, second)
    ]
    if as_json:
        console.document(diff_data(one, other, *names))
    else:
        console.show(diff_lines(one, other, *names))


def _whether_it_travels(project: Project, name: str) -> list[Line]:
    """A note where the app does not get this secret."""
    from seawall.config.made_secrets import given, wanted

    if name in (*wanted(project), *given(project)):
        return []
    if name in project.secrets_from:
        return [Line(f"note: the app gets what [secrets_from] says of {name}, not this", "careful")]
    if name not in project.secrets:
        return [Line(f'note: the app gets it once `secrets` in the configuration names "{name}"', "careful")]
    return []


def _made_up(name: str, at_random: bool) -> str:
    """A random value, where the name says that any will do. Raises UsageError."""
    from seawall.config.rotation import random_value
    from seawall.config.variables import is_signing_key

    if not at_random and not is_signing_key(name):
        raise UsageError(
            f"{name} does not look like a signing key, for which any random value will do",
            state="nothing was changed",
            remedy="give the new value: --ask, --from-file or --from-env; or say --random",
        )
    return random_value()


command.add_command(secret_key.group)
