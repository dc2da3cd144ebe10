"""`seawall destroy`."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from seawall.cli import console, options
from seawall.cli.command import Command
from seawall.cli.render.lines import Line, count
from seawall.errors import Declined, UsageError

if TYPE_CHECKING:
    from seawall.operations.stop import Destroyed


@click.command("destroy", cls=Command)
@options.project
@options.hosts
@click.option(
    "--with-data", is_flag=True, help="Remove what the app has written too, and its database. There is no way back."
)
@click.option("--yes", "yes", metavar="APP", default="", help="The app's name, instead of being asked for it.")
@options.as_json
def command(
    *, directory: Path, environment: str, hosts: tuple[str, ...], with_data: bool, yes: str, as_json: bool
) -> None:
    """Remove the app from its hosts.

    Asks for the app's name first. The app's data stays unless --with-data is given, its database too. Packages, such
    as nginx, stay.

    \b
    Examples:
      seawall destroy
      seawall destroy --yes guestbook
    """
    from seawall.cli.sessions import connected_to
    from seawall.config.load import load
    from seawall.config.model import LOCAL
    from seawall.operations import local
    from seawall.operations.hosts import all_hosts, targets
    from seawall.operations.stop import destroy

    project = load(directory, environment)
    hosts = hosts or all_hosts(project)
    names = [name for name, _ in targets(project, hosts)]
    _make_sure(project.app_id, names, yes, with_data=with_data)
    with connected_to(project, hosts) as there:
        if project.environment == LOCAL:
            local.down(project, there)
        done = destroy(project, there, with_data=with_data)
    if as_json:
        console.document({"app": project.app_id, "hosts": [asdict(one) for one in done]})
    else:
        console.show(destroyed_lines(project.app_id, done))


def destroyed_lines(app: str, done: list[Destroyed]) -> list[Line]:
    """What was removed and what was kept, on each host."""
    lines = []
    for one in done:
        lines.append(Line(f"{app} is removed from {one.host} ({count(len(one.removed), 'path')} outside its folder)"))
        lines += [Line(f"  kept: {path}") for path in one.kept]
    return lines


def _make_sure(app: str, hosts: list[str], yes: str, *, with_data: bool) -> None:
    """Raises UsageError for another name, or where nobody can be asked; Declined if the name typed is not the app's."""
    if yes:
        if yes != app:
            raise UsageError(f"the app is called {app}, not {yes}", state="nothing was changed")
        return
    console.must_ask("destroy", f"say --yes {app}")
    data = "with all its data" if with_data else "its data stays"
    console.say(f"This removes {app} from {', '.join(hosts)}; {data}.")
    if click.prompt("Type the app's name to go on", default="", show_default=False, err=True) != app:
        raise Declined("that is not the app's name", state="nothing was changed")
