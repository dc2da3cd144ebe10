"""`seawall init`."""

from __future__ import annotations

import secrets as randomness
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from seawall.cli import console, options
from seawall.cli.command import Command
from seawall.errors import ProjectError, UsageError

if TYPE_CHECKING:
    from seawall.config.detect.facts import Findings

FILE = "seawall.toml"


NEXT_HERE = "next: `seawall up` puts it online on this machine, `seawall deploy` on its hosts"
NEXT_ON_HOSTS = "next: `seawall plan` shows what `seawall deploy` will do; `seawall up` tries it on this machine"


@click.command("init", cls=Command)
@options.directory
@click.option("--app", "entry", metavar="MODULE:NAME", help="The app, where several or none are found.")
@click.option("--name", metavar="NAME", help="The app's name; otherwise the project's.")
@click.option("--domain", "domains", multiple=True, metavar="NAME", help="A host name it answers to; may be repeated.")
@click.option("--host", "hosts", multiple=True, metavar="HOST", help="A server, as ssh takes it; may be repeated.")
@click.option("--force", is_flag=True, help=f"Overwrite a {FILE} that is there.")
@click.option("--stdout", "to_stdout", is_flag=True, help="Print the file instead of writing it.")
@options.yes
@options.as_json
def command(
    *,
    directory: Path,
    entry: str | None,
    name: str | None,
    domains: tuple[str, ...],
    hosts: tuple[str, ...],
    force: bool,
    to_stdout: bool,
    yes: bool,
    as_json: bool,
) -> None:
    """Look at the project and write seawall.toml.

    The project is read, not run. What was found is told with its place, and so is what could not be told.

    \b
    Examples:
      seawall init
      seawall init --domain guestbook.example.com --host root@203.0.113.5
      seawall init --app guestbook:create_app
    """
    if to_stdout and as_json:
        raise UsageError("--stdout and --json both want standard output", remedy="use one of them")
    path = directory.absolute() / FILE
    if path.exists() and not force and not to_stdout:
        raise UsageError(f"there is a {FILE} already", place=str(path), remedy="edit it, or say --force")
    from seawall.cli.render.found import found_data, found_lines
    from seawall.config import initial
    from seawall.config.detect import detect

    findings = detect(directory.absolute(), entry)
    _refuse_without_app(findings)
    text = initial.render(findings, name, hosts=hosts, domains=domains)
    if not as_json:
        console.say(found_lines(findings, initial.notes(findings)))
    if to_stdout:
        click.echo(text, nl=False)
        return
    path.write_text(text, encoding="utf-8")
    if not as_json:
        console.say(f"wrote {path}")
    made = _keep_keys(findings, directory, yes=yes)
    if as_json:
        console.document({"file": str(path), **found_data(findings, initial.notes(findings)), **made})
    else:
        console.say(NEXT_ON_HOSTS if hosts else NEXT_HERE)


def _refuse_without_app(findings: Findings) -> None:
    """Raises ProjectError if there is no app, or no obvious one."""
    from seawall.config.detect.facts import Sure

    if findings.app.sure is Sure.SEVERAL:
        found = [f"--app {item.value.entry:<30} {item.evidence}" for item in findings.app.items]
        raise ProjectError(
            "several apps were found, and none is the obvious one",
            state="nothing was written",
            remedy="say which:\n" + "\n".join(found),
        )
    if findings.app.best is None:
        said = "".join(f"\n{remark}" for remark in findings.app.remarks)
        raise ProjectError(
            "no app was found here",
            state="nothing was written",
            remedy=f"go to the project's folder, or name the app: seawall init --app MODULE:NAME{said}",
        )


def _keep_keys(findings: Findings, directory: Path, *, yes: bool) -> dict[str, Any]:
    """Make random values for the signing keys that the app needs, if the person agrees."""
    from seawall.cli.render.secrets import key_lines
    from seawall.config import initial
    from seawall.config.load import load
    from seawall.config.secrets import list_secrets, set_secret

    project = load(directory)
    there = {one.name for one in list_secrets(project.directory) if one.environment == project.environment}
    wanted = [item.value.name for item in initial.secrets(findings) if item.value.name.endswith("SECRET_KEY")]
    made: dict[str, Any] = {"secrets": [], "key": ""}
    for name in wanted:
        if name in there or not (yes or _agrees(name)):
            continue
        key = set_secret(project.directory, project.name, project.environment, name, randomness.token_urlsafe(48))
        console.say(f"{name} is a random value now, kept encrypted in seawall.secrets")
        made["secrets"].append(name)
        if key is not None:
            made["key"] = str(key)
            console.say(key_lines(key))
    return made


def _agrees(name: str) -> bool:
    return console.can_ask() and console.confirmed(f"Make a random {name} and keep it as a secret?")
