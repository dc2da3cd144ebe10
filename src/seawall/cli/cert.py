"""`seawall cert`."""

from __future__ import annotations

from pathlib import Path

import click

from seawall.cli import console, options
from seawall.cli.command import Command

#: It is not the one that is wanted, or about to end.
UNWELL = 1


@click.group("cert")
def command() -> None:
    """Look after the site's certificate."""


@command.command("status", cls=Command)
@options.project
@options.hosts
@options.as_json
@click.pass_context
def status(ctx: click.Context, directory: Path, environment: str, hosts: tuple[str, ...], as_json: bool) -> None:
    """Compare the certificate that visitors are shown with the one on the host's disk.

    The exit code is 0 if they are the same, as the configuration wants them, and good for 14 more days; 1 if not.

    \b
    Examples:
      seawall cert status
      seawall cert status --json -e staging
    """
    from seawall.cli.render.certificates import certificates_data, certificates_lines
    from seawall.cli.sessions import connected_to
    from seawall.config.load import load
    from seawall.operations import certificates

    project = load(directory, environment)
    with connected_to(project, hosts) as there:
        found = certificates.status(project, there)
    if as_json:
        console.document(certificates_data(project.app_id, found))
    else:
        console.show(certificates_lines(project.app_id, found))
    if not all(one.well for one in found):
        ctx.exit(UNWELL)


@command.command("renew", cls=Command)
@options.project
@options.hosts
@click.option("--force", is_flag=True, help="Renew it even if it is good for long; authorities limit how often.")
@options.as_json
def renew(*, directory: Path, environment: str, hosts: tuple[str, ...], force: bool, as_json: bool) -> None:
    """Renew the certificate now, if it is due.

    It renews itself in time: this is for finding out why it did not. If it fails, the old certificate stays. With
    `tls.mode = "files"` the front server reads your files again.

    \b
    Examples:
      seawall cert renew
      seawall cert renew --force
    """
    from seawall.cli.following import follow
    from seawall.cli.render.certificates import certificates_data, renewed_lines
    from seawall.cli.sessions import connected_to
    from seawall.config.load import load
    from seawall.operations import certificates

    project = load(directory, environment)
    with connected_to(project, hosts) as there:
        found = follow(certificates.renew(project, there, force=force), "", there)
    if as_json:
        console.document(certificates_data(project.app_id, found))
    else:
        console.show(renewed_lines(project.app_id, found))
