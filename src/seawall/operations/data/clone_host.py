"""Bring a fresh host up with the data of the newest backup, before anybody is served there.

First the host gets all but a release: packages, users, database, and what leads to the backups. Then the backup is
restored into it; where every change was archived, the database comes from the archive, with all that was written after
the backup. What follows is an ordinary deployment.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass

from seawall.agent.data.restored import Restored
from seawall.config.made_secrets import BACKUP_PASSWORD
from seawall.errors import SeawallError, SecretError, UsageError
from seawall.operations.data import restore as restoring
from seawall.operations.data.restore import Outlook, Wanted
from seawall.operations.deploy import set_up
from seawall.operations.events import Happening
from seawall.operations.plan import HostPlan, Plan


@dataclass(frozen=True)
class Cloned:
    """The backup that the host has now, and what became of what was there; its database is that of the backup, or as it
    was ``at`` a moment. ``troubles`` ended nothing."""

    backup: Outlook
    done: Restored
    at: str = ""
    troubles: tuple[SeawallError, ...] = ()


def check(plan: Plan) -> None:
    """Raises UsageError and SecretError for what cannot be cloned."""
    lead = _lead(plan)
    if plan.databases:
        raise UsageError(
            f"the database has a host of its own, {plan.databases[0].host.name}, and this brings back one host with "
            "all that it held",
            state="nothing was changed",
            remedy="`seawall deploy` sets fresh hosts up; then `seawall restore` brings the database back, and "
            "`seawall restore --host HOST` the files of one of the app's",
        )
    if not plan.project.backup.repository:
        raise UsageError(
            "there are no backups to take the data from",
            place="seawall.toml",
            remedy="name the repository of the lost host under [backup]; without backups, `seawall deploy` is enough",
        )
    if lead.host.live:
        raise UsageError(
            f"{lead.host.name} is no fresh host: {lead.host.live} is live there",
            state="nothing was changed",
            remedy="write the new host's address under `hosts`; or, to put this one's data back, `seawall restore`",
        )
    if BACKUP_PASSWORD in plan.own.made:
        raise SecretError(
            f"the secret store has no {BACKUP_PASSWORD}, and without it nobody can read the backups",
            place="seawall.secrets",
            state="nothing was changed",
            remedy="take the file from where the project was deployed from, or set the value: "
            f"seawall secret set {BACKUP_PASSWORD}",
        )


def moment(plan: Plan, backup: str, at: str) -> str:
    """The moment that the database is brought to; "" for that of the backup: where a person names one, it is meant.

    Raises UsageError for a moment where no change is archived.
    """
    archived = plan.project.backup.pitr
    if at and not archived:
        raise UsageError(
            "there is no archive to recover a moment from",
            place="seawall.toml",
            remedy="leave --at out, and the newest backup is restored; `pitr = true` in [backup] keeps one in future",
        )
    return at or ("latest" if archived and not backup else "")


def prepare(plan: Plan, backup: str, at: str, *, replace: bool) -> Generator[Happening, None, Cloned]:
    """Make the first host all that it should be but live, and restore ``backup`` ("" for the newest) into it, with the
    database as it was ``at`` a moment, "" for that of the backup.

    Raises SeawallError; the host is set up then, perhaps, and nobody is served there.
    """
    troubles = yield from set_up(plan)
    host = _lead(plan).host
    outlook = restoring.look(host, Wanted(backup, replace=replace))
    wanted = Wanted(outlook.backup, replace=replace, at=at)
    if at:
        restoring.look(host, wanted)
    done = yield from restoring.restore(host, wanted)
    host.session.request("data-set-up")
    return Cloned(outlook, done, at, troubles)


def _lead(plan: Plan) -> HostPlan:
    """The project's first host: the data is there."""
    return plan.hosts[0]
