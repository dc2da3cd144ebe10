"""`seawall up`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from seawall.cli import console, options
from seawall.cli.command import Command
from seawall.cli.render.lines import Line, count

if TYPE_CHECKING:
    from seawall.cli.render.deployed import Done
    from seawall.operations.plan import Plan


@click.command("up", cls=Command)
@options.directory
@options.as_json
def command(directory: Path, as_json: bool) -> None:
    """Put the project online on this machine.

    Needs no root, and writes nothing outside the project's .seawall folder. Run it again to release a change; it is
    the same deployment as on a server.

    \b
    Examples:
      seawall up
      seawall up -C examples/guestbook
    """
    from seawall.cli.deploying import carry_out
    from seawall.cli.render.deployed import deployed_data
    from seawall.cli.render.plan import summary
    from seawall.cli.sessions import planned_to_deploy
    from seawall.config.model import LOCAL

    with planned_to_deploy(directory, LOCAL) as plan:
        console.say([Line(summary(plan), "title")])
        done = carry_out(plan)
        if as_json:
            console.document({**deployed_data(plan, done), "authority": _authority(plan)})
        else:
            console.show(up_lines(plan, done))


def up_lines(plan: Plan, done: Done) -> list[Line]:
    """Where the app is, how to trust its certificate and how to stop it."""
    from seawall.cli.render.deployed import addresses
    from seawall.cli.render.lines import seconds

    address = addresses(plan)[0]
    took = f" ({seconds(done.seconds)})" if done.seconds else ""
    rows = [
        Line(f"{plan.project.name} {done.live} is up: {address}{took}", "good"),
        Line("  its certificate is signed by an authority of this project alone; to trust it, import"),
        Line(f"    {_authority(plan)}"),
        Line("  into your browser, or give it to curl as --cacert"),
    ]
    earlier = sorted(set(done.before.values()) - {"", done.live})
    rows += [Line(f"  back to {earlier[0]}: seawall rollback -e local")] if earlier else []
    rows += [Line("  look: seawall status -e local, seawall logs -e local; stop: seawall down")]
    if plan.notes:
        rows += [Line(f"{count(len(plan.notes), 'note')}:"), *(Line(f"  {note}", "careful") for note in plan.notes)]
    return rows


def _authority(plan: Plan) -> str:
    from seawall.operations import local
    from seawall.operations.authority import leaf_files

    return str(leaf_files(local.folder(plan.project)).authority)
