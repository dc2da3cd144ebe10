"""waitress: one process with threads, all in Python. It has no file of settings and knows no socket that is handed over
on its command line, so it is started by a small program in the release's settings.

Of itself it ends at once on TERM; that program lets the requests finish.
"""

from __future__ import annotations

from seawall.stack import sizing, starter
from seawall.stack.app_server import STOP_MARGIN, AppServer, Surroundings
from seawall.stack.composition import Inputs

#: The program uses its list of connections; 3.0.1 closed CVE-2024-49768 and CVE-2024-49769.
REQUIREMENT = "waitress>=3.0.1,<4"


def app_server(inputs: Inputs, around: Surroundings) -> AppServer:
    server = inputs.project.server
    threads = sizing.size(inputs.project, inputs.facts, "waitress").threads
    file = starter.file("waitress", inputs.project, server=server, threads=threads)
    return AppServer(
        kind="waitress",
        requirements=(REQUIREMENT,),
        files=(file,),
        command=starter.command(file, around),
        backlog=server.backlog,
        stop_timeout=server.graceful_timeout + STOP_MARGIN,
    )
