"""Run: a one-off command in the live release's environment, with the person's terminal."""

from __future__ import annotations

import json

from seawall.agent.vocabulary import to_wire
from seawall.errors import UsageError
from seawall.operations.hosts import Host
from seawall.stack.targets import LocalTarget
from seawall.transport import local, ssh


def command_line(host: Host, argv: list[str], *, terminal: bool) -> list[str]:
    """The command to run here; its exit status is the command's own. Raises UsageError if nothing is deployed."""
    if not host.live:
        raise UsageError(f"nothing is deployed on {host.name} yet", remedy="deploy first")
    layout = json.dumps(to_wire(host.layout))
    if isinstance(host.target, LocalTarget):
        return local.agent_command(layout, argv)
    return ssh.interactive(host.name, ssh.agent_command(layout, argv), terminal=terminal)
