"""The table of ``seawall.toml`` for the service manager."""

from __future__ import annotations

from typing import Literal

from seawall.config.table import Table, setting


class ProcessManager(Table):
    """What starts the app and its processes, starts them again when they die, and stops them."""

    manager: Literal["auto", "systemd", "supervisor"] = setting(
        "auto",
        'The service manager. `"auto"` is `systemd` on servers, because it has the sandbox, and `supervisor` on your '
        "own machine, because it needs no login session. Under `supervisor` a server's app has no sandbox but its own "
        "user; its schedule stays with systemd.",
        example="supervisor",
        becomes="units in /etc/systemd/system, or files in /etc/supervisor/conf.d",
    )
