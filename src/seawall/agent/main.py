"""Where the agent begins: as a session with the tool, as a one-off command in a release's environment, or as a job of
the host's own timers."""

from __future__ import annotations

import json
import os
import resource
import sys
import threading
from typing import Any

from seawall.agent import facts


def main() -> None:
    """Serve frames on standard input and output. Whatever else prints goes to standard error.

    The facts are gathered while the rest is imported: programs are asked for some of them.
    """
    _leave_no_core()
    frames_out = os.dup(1)
    os.dup2(2, 1)
    if os.geteuid() == 0:
        os.umask(0o022)  # a stricter one of root's would hide from the app and from nginx what they must read
    gathered: dict[str, Any] = {}
    gathering = threading.Thread(target=lambda: gathered.update(facts.gather()))
    gathering.start()
    from seawall.agent.session import serve

    gathering.join()
    serve(0, frames_out, gathered)


def execute(arguments: list[str]) -> None:
    """``LAYOUT_JSON COMMAND…``: become a one-off command in the live release (`seawall run`)."""
    _leave_no_core()
    from seawall.agent import commands, releases
    from seawall.agent.errors import AgentError, NoSuchRelease
    from seawall.agent.places import Places
    from seawall.agent.resource import build
    from seawall.agent.vocabulary import Layout

    places = Places(build(Layout, json.loads(arguments[0])))
    live = releases.live_id(places)
    try:
        if not live:
            raise NoSuchRelease(f"{places.layout.app} has no release on this host yet", remedy="deploy it first")
        commands.become(places, releases.load(places, live), arguments[1:])
    except AgentError as error:
        sys.exit(f"seawall: {error.fact}\n  {error.remedy}")


def start(arguments: list[str]) -> None:
    """``job NAME BASE``: do a job for the app in the folder BASE. What it says is for the journal of the host.

    Exits as the tool does: 0 if all went well, 1 if it failed, 2 for a wrong call, 4 if it needs a person.
    """
    _leave_no_core()
    os.umask(0o077)
    from seawall.agent.data import jobs

    if len(arguments) != 3 or arguments[0] != "job" or arguments[1] not in jobs.JOBS:
        print(f"usage: job {'|'.join(jobs.JOBS)} BASE", file=sys.stderr)
        sys.exit(2)
    sys.exit(jobs.run(arguments[1], arguments[2]))


def _leave_no_core() -> None:
    """A memory dump of ours, or of what we start, would hold secrets (getrlimit(2))."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
