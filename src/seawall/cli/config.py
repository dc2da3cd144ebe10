"""`seawall config`."""

from __future__ import annotations

import json
from pathlib import Path

import click

from seawall.cli import console, options
from seawall.cli.command import Command
from seawall.cli.render.lines import Line


@click.group("config")
def command() -> None:
    """Check, explain or describe the configuration."""


@command.command("check", cls=Command)
@options.project
@options.as_json
def check(directory: Path, environment: str, as_json: bool) -> None:
    """Check the configuration, and that what it names is there.

    All mistakes are told at once, each with its line.

    \b
    Examples:
      seawall config check
      seawall config check -e staging
    """
    from seawall.config.load import load_to_deploy

    project = load_to_deploy(directory, environment)
    if as_json:
        warnings = list(project.warnings)
        console.document({"app": project.app_id, "environment": project.environment, "warnings": warnings})
        return
    console.say(Line(f"note: {warning}", "careful") for warning in project.warnings)
    console.show(f"The configuration of {project.app_id} ({project.environment}) is right.")


@command.command("explain", cls=Command)
@click.argument("key", default="")
def explain(key: str) -> None:
    """Explain a key or a table of seawall.toml; without KEY, list all keys.

    \b
    Examples:
      seawall config explain
      seawall config explain server.workers
      seawall config explain health
    """
    from seawall.config import schema

    if key:
        console.show(schema.explain(key))
        return
    console.show(Line(known.key) for known in schema.all_keys())


@command.command("schema", cls=Command)
def schema() -> None:
    """Print the JSON Schema of seawall.toml, for editors.

    \b
    Examples:
      seawall config schema > seawall.schema.json
    """
    from seawall.config.schema import json_schema

    click.echo(json.dumps(json_schema(), indent=2))
