"""What a restore has done, as the host tells the tool, and the tool a person."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Restored:
    """What became of what was there: the name of the database that was live, and the folders with the files that were;
    or where the backup is now, if it is not live.

    ``host`` is how the tool calls the host, which itself leaves it empty; ``until`` is when all that is kept stays at
    least (:func:`seawall.agent.data.aside.until`); ``migrate`` the live release's migration command;
    ``reached`` when the last change was made that is in a database brought to a moment (UTC, RFC 3339).
    """

    host: str = ""
    backup: str = ""
    database: str = ""
    kept_database: str = ""
    table: str = ""
    folder: str = ""
    folders: dict[str, str] = field(default_factory=dict)
    migrate: str = ""
    kept_redis: str = ""
    until: str = ""
    reached: str = ""
