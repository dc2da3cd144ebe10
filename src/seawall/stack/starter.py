"""The small programs that start the servers whose own command line cannot take a socket that is handed over.

Each lies in the release's settings as plain Python: it loads the app, gives the server file descriptor 3, and says how
it ends.
"""

from __future__ import annotations

from seawall.agent.vocabulary import UnitFile
from seawall.config.model import Project
from seawall.stack.app_server import Surroundings
from seawall.stack.templates import render


def file(kind: str, project: Project, **values: object) -> UnitFile:
    """The program that starts a kind of server. Its name is not the server's, which it imports."""
    module, _, call = project.app.entry.partition(":")
    content = render(f"start_{kind}.py.j2", app=project.app_id, module=module, call=call, **values)
    return UnitFile(f"settings/start_{kind}.py", content)


def command(program: UnitFile, around: Surroundings) -> tuple[str, ...]:
    return (f"{around.release}/venv/bin/python", f"{around.release}/{program.name}")
