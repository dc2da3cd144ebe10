"""What the programs of a release are called.

App names and process names hold letters, digits and hyphens; the parts of a name here are joined by what they cannot
hold, so ``shop`` with a process ``admin`` never takes the name of an app ``shop-admin``.
"""

from __future__ import annotations

from seawall.agent.vocabulary import RELEASE
from seawall.config.model import Project
from seawall.errors import ConfigError

WEB = "web"


def unit(app: str, *parts: str) -> str:
    """The name of a systemd unit without its suffix, or of a supervisor group: ``seawall-APP@vN``,
    ``seawall-APP.worker.2@vN``."""
    return f"seawall-{'.'.join((app, *parts))}@{RELEASE}"


def check(project: Project) -> None:
    """Raises ConfigError where two programs of the app would have one name."""
    for name in (*project.processes, *project.schedule):
        if name == WEB:
            raise ConfigError('a process is called "web", which is the app itself', remedy="give it another name")
    for name in sorted(set(project.processes) & set(project.schedule)):
        raise ConfigError(
            f"[processes] and [schedule] both name {name!r}", place=f"[schedule] {name}", remedy="rename one of them"
        )
