"""The service managers of this machine: whether the person's own systemd runs, and which of the two has the app."""

from __future__ import annotations

import os
import re
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
    return "systemd" if _home_of_front(app) == str(base) else ""


def elsewhere(base: Path, app: str) -> str:
    """Another folder whose app of this name the person's systemd has, or "": names of units are the person's alone."""
    home = _home_of_front(app)
    return home if home != str(base) else ""


def end_front(base: Path, app: str) -> None:
    """Have the person's systemd stop the front server, if it has this one, and forget it."""
    unit = _unit(app)
    shown = _systemctl("show", "-P", "WorkingDirectory", unit.name) if runtime() else ""
    if shown.strip().lstrip("!") == str(base):
        _systemctl("stop", unit.name)
        unit.unlink(missing_ok=True)
        _systemctl("daemon-reload")


def _systemctl(*words: str) -> str:
    environment = {**os.environ, "XDG_RUNTIME_DIR": runtime()}
    return subprocess.run(
        ["systemctl", "--user", *words], env=environment, check=False, capture_output=True, text=True
    ).stdout


def _home_of_front(app: str) -> str:
    """The folder that the unit of the front server names, or ""."""
    try:
        text = _unit(app).read_text() if runtime() else ""
    except FileNotFoundError:
        return ""
    found = re.search(r"^WorkingDirectory=(.*)$", text, re.M)
    return found[1].replace("%%", "%") if found else ""


def _unit(app: str) -> Path:
    """The front server's (stack.systemd_user)."""
    return Path(runtime(), "systemd", "user", f"seawall-{app}.front.service")


def _listens(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        return probe.connect_ex(os.fsencode(path)) == 0
