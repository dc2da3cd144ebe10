"""The service managers of this machine: whether the person's own systemd runs, and which of the two has the app."""

from __future__ import annotations

import os
import socket
import subprocess
from pathlib import Path


def runtime() -> str:
    """The person's folder of runtime files, if their own systemd listens there (systemd(1), "--user"), else ""."""
    folder = os.environ.get("XDG_RUNTIME_DIR") or f"/run/user/{os.geteuid()}"
    return folder if _listens(Path(folder, "systemd", "private")) else ""


def runs_under(base: Path, app: str) -> str:
    """The manager that has the front server of the app whose local target is in ``base``, or ""."""
    if _listens(base / "run" / "supervisor.sock"):
        return "supervisor"
    return "systemd" if runtime() and _unit(app).exists() else ""


def end_front(app: str) -> None:
    """Have the person's systemd stop the front server, if it has one, and forget it."""
    if runtime():
        unit = _unit(app)
        order = ["systemctl", "--user"]
        environment = {**os.environ, "XDG_RUNTIME_DIR": runtime()}
        subprocess.run([*order, "stop", unit.name], env=environment, check=False, capture_output=True)
        unit.unlink(missing_ok=True)
        subprocess.run([*order, "daemon-reload"], env=environment, check=False, capture_output=True)


def _unit(app: str) -> Path:
    """The front server's (stack.systemd_user)."""
    return Path(runtime(), "systemd", "user", f"seawall-{app}.front.service")


def _listens(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        return probe.connect_ex(os.fsencode(path)) == 0
