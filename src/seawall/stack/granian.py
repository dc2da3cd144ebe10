"""granian: workers in Python, their network part in Rust. Its command line cannot take a socket that is handed over, so
it is started by a small program in the release's settings, which gives its server the socket.

On TERM its workers finish what they are at, at most ``workers_kill_timeout`` seconds. Of themselves they would outlive
a master that has died, and keep the socket; that program has them end like on TERM.
"""

from __future__ import annotations

from seawall.stack import sizing, starter
from seawall.stack.app_server import STOP_MARGIN, AppServer, Surroundings
from seawall.stack.composition import Inputs

#: The program takes the place of a part that is granian's own and may change with any minor version.
REQUIREMENT = "granian>=2.8,<2.9"
#: The loop that granian takes for ASGI where it is there.
ASGI_REQUIREMENTS = ("uvloop",)


def app_server(inputs: Inputs, around: Surroundings) -> AppServer:
    project, server = inputs.project, inputs.project.server
    asgi = project.app.interface == "asgi"
    sized = sizing.size(project, inputs.facts, "granian")
    file = starter.file("granian", project, server=server, asgi=asgi, workers=sized.workers, threads=sized.threads)
    return AppServer(
        kind="granian",
        requirements=(REQUIREMENT, *(ASGI_REQUIREMENTS if asgi else ())),
        files=(file,),
        command=starter.command(file, around),
        backlog=server.backlog,
        stop_timeout=server.graceful_timeout + STOP_MARGIN,
    )
