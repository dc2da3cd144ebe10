"""The table of ``seawall.toml`` for backups."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from seawall.config.table import Table, setting
from seawall.config.values import Calendar, Certificates, KnownHosts, OptionalVariable, RepositoryUrl, Variable

Secrets = Annotated[tuple[Variable, ...], Field(strict=False)]
Count = Annotated[int, Field(ge=0, le=3650)]
#: What the address of a repository begins with where its store is the host's own disk.
FOLDER = "/"
SFTP = "sftp:"
S3 = "s3:https://"
#: The secrets of an S3 store, as its own programs and restic call them.
S3_KEY, S3_SECRET = "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"


class Backup(Table):
    """Backups of the database and of the app's files: made by the host itself, encrypted, kept by restic."""

    repository: RepositoryUrl = setting(
        "",
        "Where backups go, as restic calls it: `s3:https://HOST/BUCKET/PATH`, `sftp:USER@HOST:/PATH`, a folder on the "
        "host, or what else restic speaks. There are no backups without it: only you know a place that outlives the "
        "host. What is there already stays, so several apps and hosts may share one.",
        example="s3:https://s3.example.com/backups/guestbook",
        becomes="the repository that seawall-backup-APP.service writes to",
    )
    at: Calendar = setting(
        "*-*-* 03:00",
        "When a backup is made: a systemd calendar expression (`man systemd.time`), in the host's time zone, and up to "
        "a quarter of an hour later. One that was missed while the host was off is made up for. Every night by "
        "default, when sites are least busy.",
        example="*-*-* 00/6:00",
        becomes="`OnCalendar=` of seawall-backup-APP.timer",
    )
    keep_daily: Count = setting(
        7,
        "Of how many days the last backup is kept, days without one not counted. Those of the last 24 hours, the "
        "newest of all, and the newest that a drill has proven are always kept. The default covers what is noticed "
        "within a week.",
        example=14,
        becomes="what the job removes after a backup",
    )
    keep_weekly: Count = setting(
        5,
        "The same for weeks (they begin on Monday). The default covers a month.",
        example=8,
        becomes="what the job removes after a backup",
    )
    keep_monthly: Count = setting(
        12,
        "The same for months. The default covers a year; unchanged data is stored once, so these cost little.",
        example=36,
        becomes="what the job removes after a backup",
    )
    secrets: Secrets = setting(
        (),
        "Names of secrets that the repository's store wants, as environment variables of restic; set them with "
        "`seawall secret set`. The app does not get them. BACKUP_PASSWORD, which encrypts the backups, is made up by "
        "itself. None by default: a folder and SFTP need none.",
        example=["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"],
        becomes="lines of BASE/state/backup.env, readable by root alone",
    )
    ca: Certificates = setting(
        "",
        "Certificates, as PEM, that the repository's server is trusted by. The default is what the host trusts, which "
        "lacks an authority of your own.",
        example="-----BEGIN CERTIFICATE-----\nMIIBhTCCASug\n-----END CERTIFICATE-----\n",
        becomes="BASE/state/backup.ca",
    )
    known_hosts: KnownHosts = setting(
        "",
        "For SFTP: the server's host keys, as lines of known_hosts (`ssh-keyscan HOST`, compared with what the server "
        "itself says). A server whose key is not known is never spoken to. The default is what root on the host knows.",
        example="vault.example.com ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAA…",
        becomes="BASE/state/backup.known_hosts",
    )
    ssh_key: OptionalVariable = setting(
        "",
        "For SFTP: the name of the secret with the private key that the server lets in. In the secret store it is "
        "there for a new host too. The default is root's own on the host.",
        example="BACKUP_SSH_KEY",
        becomes="BASE/state/backup.key, readable by root alone",
    )
    pitr: bool = setting(
        False,
        "Keep every change of the host's PostgreSQL server too, so that `seawall restore --at` can bring the database "
        "back as it was at any moment of the last `keep_daily` days. pgBackRest copies the server whole each week, "
        "what changed since with each backup, and archives its log at least once a minute. It is the whole server's, "
        "so one app of a host can have it. Off by default: it takes as much disk as the server writes.",
        example=True,
        becomes="`archive_command` of the server, and pgBackRest's own repository beside restic's, at "
        "REPOSITORY.pgbackrest",
    )
