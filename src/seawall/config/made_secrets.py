"""Secrets that the tool makes up itself where they are missing: nobody else needs to know them.

They are kept in the project's secret store like all others, and only once a deployment really is to happen: a plan
works with values that are thrown away, and shows no value anyway.
"""

from __future__ import annotations

import secrets as randomness
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from seawall.config import keys
from seawall.config.database import SERVERS
from seawall.config.model import LOCAL, Project
from seawall.config.secrets import FILE, add_secrets, read_store
from seawall.config.variables import without_value

DATABASE_PASSWORD = "DATABASE_PASSWORD"  # noqa: S105 - a name
REPLICA_PASSWORD = "REPLICA_PASSWORD"  # noqa: S105 - a name
BACKUP_PASSWORD = "BACKUP_PASSWORD"  # noqa: S105 - a name
#: Of randomness in each value, bytes: 256 bits, as NIST SP 800-131A asks of symmetric keys for as long as it plans.
BYTES = 32


@dataclass(frozen=True)
class Own:
    """The secrets that are seawall's own for a project, by name: ``values`` are all of them, ``made`` the names
    of those that were made up just now, which :func:`keep` keeps."""

    values: Mapping[str, str] = field(default_factory=dict, repr=False)
    made: tuple[str, ...] = ()


def wanted(project: Project) -> dict[str, str]:
    """The names of the secrets that seawall itself needs for the project, and what each is."""
    found: dict[str, str] = {}
    if project.environment == LOCAL:
        return found
    if project.database.kind in SERVERS:
        found[DATABASE_PASSWORD] = "the password of the app's role in the database"
    if project.database.host and project.database.replica:
        found[REPLICA_PASSWORD] = "the password by which the replica follows the database"
    if project.backup.repository:
        found[BACKUP_PASSWORD] = (
            "backups are encrypted with it, and without it nobody can read them. Should this project be lost, you need "
            f"it and the address {project.backup.repository}: keep copies of {FILE} and of its key elsewhere"
        )
    return found


def given(project: Project) -> tuple[str, ...]:
    """The names of the secrets that seawall itself needs on the hosts, and that only a person knows."""
    if project.environment == LOCAL:
        return ()
    backup = project.backup
    for_backups = (*backup.secrets, *([backup.ssh_key] if backup.ssh_key else [])) if backup.repository else ()
    return tuple(dict.fromkeys((*for_backups, *project.alerts.secrets)))


def own_secrets(project: Project, stored: Mapping[str, str]) -> Own:
    """Seawall's own secrets, those that ``stored`` (the decrypted store) lacks made up. Writes nothing.

    Raises SecretError where one is missing that only a person knows, or where one is missing and the store's key is
    too: what would be kept could never be read again.
    """
    names = (*wanted(project), *given(project))
    unknown = [name for name in given(project) if name not in stored]
    if unknown:
        raise without_value(project.environment, unknown)
    missing = tuple(name for name in names if name not in stored)
    if missing:
        recipients = read_store(project.directory).recipients
        if recipients:
            keys.identity_for(list(recipients))
    made = {name: randomness.token_urlsafe(BYTES) for name in missing}
    return Own({name: made.get(name) or stored[name] for name in names}, missing)


def notes(project: Project, own: Own) -> tuple[str, ...]:
    """What a person should know before a deployment: that secrets are made, and where they will be."""
    what = wanted(project)
    return tuple(
        f"{name} is made up and kept in {FILE} by this deployment (commit that file): {what[name]}" for name in own.made
    )


def keep(project: Project, own: Own) -> Path | None:
    """Keep what was made up. The first secret of a project makes a key, whose path is returned then.

    Raises SecretError, also where somebody has kept such a secret since the plan was made.
    """
    if not own.made:
        return None
    values = {name: own.values[name] for name in own.made}
    return add_secrets(project.directory, project.name, project.environment, values)
