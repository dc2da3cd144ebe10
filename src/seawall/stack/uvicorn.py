"""uvicorn: workers for ASGI apps. `uvicorn --fd 3` would take the socket too, but as one of the unix kind whatever it
is, and its workers would outlive a master that has died; a small program in the release's settings does both right.

On TERM its workers finish what they are at, at most ``timeout_graceful_shutdown`` seconds.
"""

from __future__ import annotations

from seawall.stack import sizing, starter
from seawall.stack.app_server import STOP_MARGIN, AppServer, Surroundings, jitter
from seawall.stack.composition import Inputs

#: The oldest that gives up at once when the app cannot be loaded; with what makes it quick and carries WebSockets.
REQUIREMENTS = ("uvicorn>=0.38,<1", "httptools", "uvloop", "websockets")


def app_server(inputs: Inputs, around: Surroundings) -> AppServer:
    project, server = inputs.project, inputs.project.server
    workers = sizing.size(project, inputs.facts, "uvicorn").workers
    file = starter.file("uvicorn", project, server=server, workers=workers, jitter=jitter(server.max_requests))
    return AppServer(
        kind="uvicorn",
        requirements=REQUIREMENTS,
        files=(file,),
        command=starter.command(file, around),
        backlog=server.backlog,
        stop_timeout=server.graceful_timeout + STOP_MARGIN,
    )
