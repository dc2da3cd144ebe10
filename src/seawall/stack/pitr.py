"""Point-in-time recovery: Debian's pgBackRest keeps every change of the host's PostgreSQL server beside the backups.

The archive is the whole server's, so one app of a host can have it. Where its configuration is gone, because nobody
wants it any more, the server is told that all is archived, lest its disk fill up.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

from seawall.agent.data.vocabulary import Archive
from seawall.agent.data.wanted import PostgresqlServer
from seawall.agent.resource import Resource
from seawall.agent.vocabulary import Directory, File, Layout
from seawall.config.backup import FOLDER, S3_KEY, S3_SECRET
from seawall.config.made_secrets import BACKUP_PASSWORD
from seawall.config.model import Project
from seawall.errors import ConfigError
from seawall.stack import postgresql
from seawall.stack.composition import Inputs
from seawall.stack.facts import Facts
from seawall.stack.templates import render

FOLDER_OF_SETTINGS = "/etc/pgbackrest"
#: Behind the path of the backups: restic's repository and pgBackRest's lie beside each other.
BESIDE = ".pgbackrest"
#: After so long a segment is archived that is not full yet: the most that a disaster can lose (archive_timeout).
TIMEOUT = "1min"


def packages(project: Project) -> tuple[str, ...]:
    return ("pgbackrest",) if project.backup.pitr else ()


def archive(project: Project, layout: Layout, facts: Facts) -> Archive | None:
    """What the jobs are told; None where there is no archive."""
    return Archive(_settings(layout), layout.app, postgresql.version(facts)) if project.backup.pitr else None


def resources(project: Project, layout: Layout, facts: Facts) -> tuple[Resource, ...]:
    """The server's settings, and the folder of an archive on the host itself."""
    if not project.backup.pitr:
        return ()
    _refuse_a_second(layout, facts)
    major, config, url = postgresql.version(facts), _settings(layout), project.backup.repository
    command = f"test ! -e {config} || pgbackrest --config={config} --stanza={layout.app} archive-push %p"
    settings = {"archive_mode": "on", "archive_command": command, "archive_timeout": TIMEOUT}
    path = f"/etc/postgresql/{major}/main/conf.d/seawall_pitr.conf"
    folder = [Directory(f"{url}{BESIDE}", 0o700, "postgres", "postgres")] if url.startswith(FOLDER) else []
    return (
        Directory(FOLDER_OF_SETTINGS, 0o755, "root", "root"),
        *folder,
        *([File(_authorities(layout), project.backup.ca)] if project.backup.ca else []),
        File(path, render("postgresql.conf.j2", settings=settings)),
        PostgresqlServer(major, path, tuple(f"{name}={value}" for name, value in settings.items())),
    )


def secret_resources(inputs: Inputs, layout: Layout) -> tuple[Resource, ...]:
    """pgBackRest's settings: the key of the archive is in them, and the server's own user must read them."""
    backup = inputs.project.backup
    if not backup.pitr:
        return ()
    content = render(
        "pgbackrest.conf.j2",
        app=layout.app,
        store=_store(backup.repository, inputs.own),
        path=f"{_path(backup.repository)}{BESIDE}",
        ca=_authorities(layout) if backup.ca else "",
        password=inputs.own[BACKUP_PASSWORD],
        days=max(1, backup.keep_daily),
        major=postgresql.version(inputs.facts),
        socket=postgresql.SOCKET,
    )
    return (File(_settings(layout), content, 0o640, "root", "postgres", secret=True),)


def notes(project: Project) -> tuple[str, ...]:
    """What a person should know before a deployment."""
    if not project.backup.pitr:
        return ()
    return (
        "point-in-time recovery keeps the changes of this host's whole PostgreSQL server, other apps' too: one app of "
        "a host can have it",
    )


def _refuse_a_second(layout: Layout, facts: Facts) -> None:
    """A server has one archive: a second app's would end the first one's without a word. Raises ConfigError."""
    others = [name for name in facts.archives if name != layout.app]
    if others:
        raise ConfigError(
            f"the changes of this host's PostgreSQL server are archived for {others[0]} already: it has one archive",
            place="[backup] pitr",
            remedy=f"set pitr = false here, and leave it to {others[0]}; or there, deploy that, and then this",
        )


def _settings(layout: Layout) -> str:
    return f"{FOLDER_OF_SETTINGS}/seawall-{layout.app}.conf"


def _authorities(layout: Layout) -> str:
    """Apart from restic's, which lie where only root looks."""
    return f"{FOLDER_OF_SETTINGS}/seawall-{layout.app}.ca"


def _path(url: str) -> str:
    """The path of a repository, within its bucket where it is in one."""
    if url.startswith(FOLDER):
        return url
    return "/" + urlsplit(url[len("s3:") :]).path.strip("/").partition("/")[2]


def _store(url: str, own: Mapping[str, str]) -> dict[str, str]:
    """An S3 store in pgBackRest's words (its "Configuration Reference", repository options); nothing for a folder."""
    if url.startswith(FOLDER):
        return {}
    parts = urlsplit(url[len("s3:") :])
    return {
        "s3-endpoint": parts.hostname or "",
        "storage-port": str(parts.port or 443),
        "s3-bucket": parts.path.strip("/").partition("/")[0],
        "s3-region": own.get("AWS_DEFAULT_REGION", "us-east-1"),
        "s3-uri-style": "path",
        "s3-key": own[S3_KEY],
        "s3-key-secret": own[S3_SECRET],
    }
