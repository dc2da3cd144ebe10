"""This machine as the host: the same agent, in a process of its own, without ssh."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import seawall
from seawall.errors import ConnectionFailed
from seawall.transport.pack import MARKER
from seawall.transport.session import Session

_START = (
    f"import os, sys; os.write(1, {MARKER!r}); sys.path.insert(0, sys.argv[1]); "
    "from seawall.agent.main import main; main()"
)


def open_local() -> Session:
    """Start the agent here. Nothing needs to be root."""
    source = str(Path(seawall.__file__).parent.parent)
    process = subprocess.Popen(
        ["/bin/sh", "-c", 'trap "" INT; exec "$@"', "sh", sys.executable, "-I", "-c", _START, source],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        bufsize=0,
    )
    return Session("local", process, _explain)


def agent_command(layout: str, argv: list[str]) -> list[str]:
    """The command that runs ``argv`` in the live release of the app with this layout (as JSON)."""
    source = str(Path(seawall.__file__).parent.parent)
    run = (
        "import sys; sys.path.insert(0, sys.argv.pop(1)); from seawall.agent.main import execute; execute(sys.argv[1:])"
    )
    return [sys.executable, "-I", "-c", run, source, layout, *argv]


def _explain(code: int, errors: str) -> ConnectionFailed:
    return ConnectionFailed(f"the agent could not be started here (exit status {code})", output=errors)
