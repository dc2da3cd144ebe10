"""restic: how it is started, and what it means when it fails.

restic has one exit code for nearly all failures (1), so the kinds are told apart by its words; those below are of
versions 0.14 and 0.18, and of the libraries they speak to stores with.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from seawall.agent import process
from seawall.agent.data.vocabulary import Repository
from seawall.agent.envfile import parse_environment_file
from seawall.agent.errors import (
    AgentError,
    BadRequest,
    CommandFailed,
    RepositoryDamaged,
    RepositoryFailed,
    RepositoryFull,
    RepositoryLocked,
    RepositoryMissing,
    RepositoryPassword,
    RepositoryRefused,
    RepositoryUnreachable,
)

PROGRAM = "restic"
#: Seconds for a question that reads a little. restic itself tries for up to fifteen minutes, which nobody waits for.
ANSWER = 90
#: Seconds for what reads or writes much; a day is more than a nightly job may take.
LONGEST = 24 * 3600


@dataclass(frozen=True)
class _Reason:
    """What restic says (a regular expression), the error it is, and what there is to do."""

    pattern: str
    error: type[AgentError]
    fact: str
    remedy: str


#: What to do about a repository that is damaged.
DAMAGED = (
    "see what is left of it before anything is removed: `seawall backup list`, and `restic check` on the host; then "
    "name a new repository, so that there are whole backups again"
)

# fmt: off
REASONS = (
    _Reason(
        r"wrong password or no key found", RepositoryPassword,
        "the repository was encrypted with another password",
        "set BACKUP_PASSWORD to the one it was made with (`seawall secret set BACKUP_PASSWORD`) and deploy, or name a "
        "new repository",
    ),
    _Reason(
        r"already locked|unable to create lock", RepositoryLocked,
        "another program is at the repository",
        "wait until it has ended; the lock of one that was killed on another host is taken away after half an hour",
    ),
    _Reason(
        r"no space left|[Qq]uota ?[Ee]xceeded|Insufficient Storage|StorageFull|EntityTooLarge|XMinioStorageFull",
        RepositoryFull, "there is no room left where the repository is",
        "make room there, or keep fewer backups (keep_daily, keep_weekly, keep_monthly in [backup])",
    ),
    _Reason(
        r"x509: |tls: ", RepositoryUnreachable,
        "the certificate of the repository's server is not trusted",
        "put the certificate of its authority into a file of the project and name it: ca in [backup]",
    ),
    _Reason(
        r"Host key verification failed|REMOTE HOST IDENTIFICATION", RepositoryRefused,
        "the ssh host key of the repository's server is not the one that is known",
        "compare it with the server's own (`ssh-keyscan` shows it) and put that into known_hosts of [backup]",
    ),
    _Reason(
        r"signature we calculated|InvalidAccessKeyId|SignatureDoesNotMatch|Access ?Denied|Forbidden|Unauthorized|"
        r"unsupported algorithm|[Pp]ermission denied|does not exist in our records", RepositoryRefused,
        "the place of the repository does not let us in",
        "see whether the secrets that `secrets` of [backup] names, or the ssh key, are right and have the right to "
        "write there",
    ),
    _Reason(
        r"invalid data returned|could not load snapshot|ciphertext verification failed|Unmarshal: |panic: |"
        r"wrong data returned|not found in index|repository contains errors|Integrity check failed|"
        r"not found in repository|hash mismatch|error loading|unexpected pack|number of used blobs",
        RepositoryDamaged, "the repository is damaged",
        DAMAGED,
    ),
    _Reason(
        r"[Cc]onnection refused|no such host|[Tt]imed? ?out|deadline exceeded|No route to host|dial tcp|broken pipe|"
        r"EOF|[Nn]etwork is unreachable|Could not resolve hostname|connection reset|server misbehaving|retrying after|"
        r"[Ii]nternal ?[Ee]rror|Internal Server Error|unexpected HTTP response|[Ss]low ?[Dd]own|request rate|"
        r"Service Unavailable|Bad Gateway|Gateway Time-?out", RepositoryUnreachable,
        "the place of the repository does not answer as it should",
        "see whether it is up, and whether this host may reach it; the next run tries again",
    ),
    _Reason(
        r"(key|bucket) does not exist|[Nn]o such (file|bucket|key)|NoSuch(Key|Bucket)|file does not exist|"
        r"Is there a repository", RepositoryMissing,
        "there is no repository at its place",
        "`seawall backup now` makes it",
    ),
)
# fmt: on


def failure(url: str, words: str) -> AgentError:
    """The error that restic's words mean: the first kind that they speak of."""
    for reason in REASONS:
        if re.search(reason.pattern, words):
            return reason.error(reason.fact, place=url, remedy=reason.remedy, output=process.tail(words))
    return RepositoryFailed("restic failed", place=url, remedy="its own words are below", output=process.tail(words))


@dataclass(frozen=True)
class Restic:
    """restic with one repository. ``cache`` is a folder of its own, for root alone.

    Nothing secret is in its arguments: the address of a repository, its password and the keys of its store are in the
    environment.
    """

    repository: Repository
    cache: Path
    program: str = PROGRAM
    cancelled: Callable[[], bool] = field(default=lambda: False)

    def argv(self, *words: str) -> list[str]:
        """The words of a call."""
        ca = ("--cacert", self.repository.ca) if self.repository.ca else ()
        ssh = ("-o", f"sftp.command={ssh_command(self.repository)}") if self.repository.url.startswith("sftp:") else ()
        return [self.program, *ca, *ssh, *words]

    def environment(self) -> dict[str, str]:
        """What restic is told besides. Raises AgentError where the file with the secrets is missing or damaged."""
        try:
            secrets = parse_environment_file(Path(self.repository.env_file).read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise AgentError(
                "the password of the repository is not on this host",
                place=self.repository.env_file,
                remedy="`seawall deploy` puts it there",
            ) from None
        return {**secrets, "RESTIC_REPOSITORY": self.repository.url, "RESTIC_CACHE_DIR": str(self.cache)}

    def run(self, *words: str, timeout: float = ANSWER, on_line: Callable[[str], None] | None = None) -> str:
        """Run it to its end and return what it printed. Raises the errors of :func:`failure`, Cancelled."""
        done = self.attempt(*words, timeout=timeout, on_line=on_line)
        if done.returncode != 0:
            raise self.failure(done.stderr or done.output)
        return done.stdout

    def failure(self, words: str) -> AgentError:
        """The error that its words mean. What ssh has said is among them only by luck, so ssh is asked again."""
        if "unable to start the sftp session" in words:
            words += process.run(shlex.split(ssh_command(self.repository)), timeout=ANSWER).stderr
        return failure(self.repository.url, words)

    def attempt(
        self, *words: str, timeout: float = ANSWER, on_line: Callable[[str], None] | None = None
    ) -> process.Completed:
        """Whatever the exit code. Raises RepositoryUnreachable if it takes too long, CommandFailed, Cancelled."""
        argv = self.argv(*words)
        try:
            return process.run(
                argv,
                timeout=timeout,
                env=self.environment(),
                on_line=on_line,
                cancelled=self.cancelled,
            )
        except CommandFailed as error:
            if "did not end within" not in error.fact:
                raise
            raise RepositoryUnreachable(
                f"the place of the repository has not answered within {timeout:g} seconds",
                place=self.repository.url,
                remedy="see whether it is up, and whether this host may reach it; the next run tries again",
                output=error.output,
            ) from error


def ssh_command(repository: Repository) -> str:
    """How ssh is called for a repository behind SFTP, as restic splits it into words (sftp.command).

    Raises BadRequest for an address that is none.
    """
    match = SFTP.fullmatch(repository.url)
    if match is None:
        raise BadRequest("this is no address of an SFTP server", place=repository.url)
    key = (f"-oIdentityFile={repository.ssh_key}", "-oIdentitiesOnly=yes") if repository.ssh_key else ()
    known = (f"-oUserKnownHostsFile={repository.known_hosts}",) if repository.known_hosts else ()
    port = ("-p", match["port"]) if match["port"] else ()
    name = match["user"] or match["user2"]
    user = ("-l", name) if name else ()
    host = (match["url_host"] or match["host"]).strip("[]")
    return shlex.join(["ssh", *SSH, *key, *known, *port, *user, "-s", "--", host, "sftp"])


#: The two forms of such an address (restic's manual, "Preparing a new repository", SFTP).
SFTP = re.compile(
    r"sftp:(?://(?:(?P<user>[^@/:]+)@)?(?P<url_host>\[[0-9a-fA-F:.]+\]|[^/:@]+)(?::(?P<port>\d+))?/.*"
    r"|(?!//)(?:(?P<user2>[^@/:]+)@)?(?P<host>\[[0-9a-fA-F:.]+\]|[^/:@]+):.+)"
)
#: It asks nobody anything, notices a connection that is dead, and reaches no server whose key is not known beforehand
#: (ssh_config(5)).
SSH: Sequence[str] = (
    "-oBatchMode=yes",
    "-oStrictHostKeyChecking=yes",
    "-oConnectTimeout=20",
    "-oServerAliveInterval=20",
    "-oServerAliveCountMax=3",
)
