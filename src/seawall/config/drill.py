"""The table of ``seawall.toml`` for drills."""

from __future__ import annotations

from seawall.config.table import Table, setting
from seawall.config.values import OptionalCalendar, OptionalCommand


class Drill(Table):
    """Drills: the newest backup is restored where nobody sees it and compared with what it was made of."""

    at: OptionalCalendar = setting(
        "*-*-* 05:00",
        "When a drill is held, where there are backups: a systemd calendar expression (`man systemd.time`), in the "
        'host\'s time zone, and up to a quarter of an hour later; "" for never. Every morning by default, two hours '
        "after the backup, so that nobody learns on the bad day that it is none.",
        example="Sun 05:00",
        becomes="`OnCalendar=` of seawall-drill-APP.timer",
    )
    command: OptionalCommand = setting(
        "",
        "A command that must end with 0 for a backup to be proven. It runs as the app's user in the live release, in "
        "whose environment the database's variable leads to the restored database. None by default: rows, checksums "
        "and files are compared in any case, but only you know what your data must be like.",
        example="flask check-data",
        becomes="a step of each drill",
    )
