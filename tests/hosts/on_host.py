"""What tests of data do to a host: lines of Python run with the agent that is there, and a crash."""

import json
from typing import Any

from seawall.agent.packing import archive, sources

from .machine import Host
from .product import eventually

AGENTS = "/var/lib/seawall/agent"
BEGIN = f"""
import io, sys, threading, time
from pathlib import Path
sys.path.insert(0, str(max(Path({AGENTS!r}).iterdir(), key=lambda path: path.stat().st_mtime)))
"""


def agent(host: Host, lines: str) -> str:
    """What lines print that are run as root with the agent that came last. A failure is the test's."""
    return host.run(["/usr/bin/python3", "-I", "-"], stdin=BEGIN + lines).stdout.strip()


def bring_agent(host: Host) -> None:
    """Put the agent on a host to which nothing is deployed."""
    host.run(["mkdir", "-p", AGENTS])
    data = archive(sources()).hex()
    writing = f"import sys; open('{AGENTS}/brought.zip', 'wb').write(bytes.fromhex(sys.stdin.read()))"
    host.run(["python3", "-c", writing], stdin=data)


def answer(host: Host, lines: str) -> Any:
    """What the lines put into ``answer``, which is to be JSON-ready."""
    return json.loads(agent(host, f"import json\n{lines}\nprint(json.dumps(answer))"))


def crash(host: Host, unit: str) -> None:
    """Kill a service, and wait until systemd has it up again."""
    before = _main(host, unit)
    host.run(["systemctl", "kill", "--signal=KILL", unit])
    eventually(lambda: _main(host, unit) not in ("0", before), f"{unit} again after a crash")
    eventually(lambda: host.run(["systemctl", "is-active", unit], check=False).returncode == 0, f"{unit} active again")


def _main(host: Host, unit: str) -> str:
    return host.run(["systemctl", "show", "--property=MainPID", "--value", unit]).stdout.strip()
