"""What tests of data do to a host: lines of Python run with the agent that is there, and a crash."""

from .machine import Host
from .product import eventually

BEGIN = """
import io, sys, threading, time
from pathlib import Path
sys.path.insert(0, str(max(Path("/var/lib/seawall/agent").iterdir(), key=lambda path: path.stat().st_mtime)))
"""


def agent(host: Host, lines: str) -> str:
    """What lines print that are run as root with the agent of the last deployment. A failure is the test's."""
    return host.run(["/usr/bin/python3", "-I", "-"], stdin=BEGIN + lines).stdout.strip()


def crash(host: Host, unit: str) -> None:
    """Kill a service, and wait until systemd has it up again."""
    before = _main(host, unit)
    host.run(["systemctl", "kill", "--signal=KILL", unit])
    eventually(lambda: _main(host, unit) not in ("0", before), f"{unit} again after a crash")
    eventually(lambda: host.run(["systemctl", "is-active", unit], check=False).returncode == 0, f"{unit} active again")


def _main(host: Host, unit: str) -> str:
    return host.run(["systemctl", "show", "--property=MainPID", "--value", unit]).stdout.strip()
