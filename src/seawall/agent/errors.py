"""Every way the agent can fail, in one place.

An error carries four things a person needs: the *fact* (what failed), the *place* (a file, unit, path), the
*state* things are in now, and the *remedy*. They travel to the tool as data, never as tracebacks.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class ErrorRecord:
    """What travels over the wire for a failure; the tool renders it unchanged."""

    code: str
    fact: str
    place: str = ""
    state: str = ""
    remedy: str = ""
    output: str = ""
    exit_code: int = 1

    def to_wire(self) -> dict[str, Any]:
        return asdict(self)


class AgentError(Exception):
    """Base of all the agent's errors; subclasses own their code and the tool's exit code."""

    code = "failed"
    exit_code = 1

    def __init__(self, fact: str, *, place: str = "", state: str = "", remedy: str = "", output: str = "") -> None:
        super().__init__(fact)
        self.fact = fact
        self.place = place
        self.state = state
        self.remedy = remedy
        self.output = output

    def record(self) -> ErrorRecord:
        return ErrorRecord(
            self.code,
            self.fact,
            self.place,
            self.state,
            self.remedy,
            self.output,
            self.exit_code,
        )


class BadRequest(AgentError):
    """The tool asked for something this agent does not understand."""

    code = "bad-request"
    exit_code = 4


class Locked(AgentError):
    """Another deployment holds this app's lock."""

    code = "locked"


class PlanChanged(AgentError):
    """The host is no longer as it was when the plan was shown."""

    code = "plan-changed"


class CommandFailed(AgentError):
    """A program the agent ran exited with an error, or ran out of time."""

    code = "command-failed"


class ApplyFailed(AgentError):
    """A resource could not be brought to its desired state; what was done has been undone."""

    code = "apply-failed"


class CheckRefused(AgentError):
    """A program (nginx -t, …) refused the new configuration; the old files are back."""

    code = "check-refused"


class DomainTaken(AgentError):
    """Another site on this host answers for one of the app's domains."""

    code = "domain-taken"


class PortTaken(AgentError):
    """Another program listens where the front server must."""

    code = "port-taken"


class CertificateUnfit(AgentError):
    """The certificate that the configuration names cannot serve the site."""

    code = "certificate-unfit"


class CertificateFailed(AgentError):
    """The authority issued no certificate, or the one it issued could not be put in place; the old one stays."""

    code = "certificate-failed"


class DiskFull(AgentError):
    """The host has no room left."""

    code = "disk-full"


class BuildFailed(AgentError):
    """The virtual environment could not be built."""

    code = "build-failed"


class DatabaseUnfit(AgentError):
    """The app's database on another machine cannot be reached, or does not let the app do its work."""

    code = "database-unfit"


class NotCaughtUp(AgentError):
    """A replica lacks some of what its primary has written."""

    code = "not-caught-up"


class MigrationFailed(AgentError):
    """The app's set-up or migration command failed."""

    code = "migration-failed"


class StartFailed(AgentError):
    """The new release's service did not start or did not stay up."""

    code = "start-failed"


class GateFailed(AgentError):
    """The new release never answered its health path well; it took no traffic."""

    code = "gate-failed"


class FrontDoorFailed(AgentError):
    """The new release did not answer through the proxy; the link went back to the old one."""

    code = "front-door-failed"


class DumpFailed(AgentError):
    """The database could not be dumped whole; what was made of it is no backup."""

    code = "dump-failed"


class LoadFailed(AgentError):
    """A dump could not be loaded; the database that it was meant for is as it was."""

    code = "load-failed"


class NoSuchBackup(AgentError):
    """The backup asked for is not in the repository, or none is."""

    code = "no-such-backup"


class NotEmpty(AgentError):
    """What a restore would go over holds data."""

    code = "not-empty"


class NotAsBackedUp(AgentError):
    """What was restored is not what was backed up, or the app's own check of it failed."""

    code = "not-as-backed-up"
    exit_code = 4


class RepositoryFailed(AgentError):
    """restic could not do what was asked of the repository of backups, for a reason of its own."""

    code = "repository-failed"


class RepositoryMissing(RepositoryFailed):
    """There is no repository at its place."""

    code = "repository-missing"


class RepositoryUnreachable(RepositoryFailed):
    """The place of the repository does not answer, not in time, or not as it should."""

    code = "repository-unreachable"


class RepositoryRefused(RepositoryFailed):
    """The place of the repository does not let us in."""

    code = "repository-refused"


class RepositoryPassword(RepositoryFailed):
    """The repository was encrypted with another password."""

    code = "repository-password"


class RepositoryFull(RepositoryFailed):
    """There is no room left where the repository is."""

    code = "repository-full"


class RepositoryLocked(RepositoryFailed):
    """Another program is at the repository."""

    code = "repository-locked"


class RepositoryDamaged(RepositoryFailed):
    """What the repository holds is not what was put there."""

    code = "repository-damaged"
    exit_code = 4


class BackupIncomplete(AgentError):
    """Some of the app's files could not be read; what was saved is no backup."""

    code = "backup-incomplete"


class BackupKept(AgentError):
    """The backup is the only one that was proven, or another reason keeps it from being removed."""

    code = "backup-kept"


class NoSuchRelease(AgentError):
    """The release asked for is not on this host."""

    code = "no-such-release"


class AlertFailed(AgentError):
    """A message about a trouble could not be handed over to the server that was to take it."""

    code = "alert-failed"


class Cancelled(AgentError):
    """The person, or a broken connection, stopped the deployment before the switch."""

    code = "cancelled"


class NeedsPerson(AgentError):
    """Undoing failed too; the message names what a person must look at."""

    code = "needs-person"
    exit_code = 4
