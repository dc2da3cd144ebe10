"""What `backup.pitr` needs."""

from __future__ import annotations

from collections.abc import Iterator

from seawall.config.backup import FOLDER, S3, S3_KEY, S3_SECRET
from seawall.config.mistakes import Mistake
from seawall.config.model import Project

KEY = ("backup", "pitr")


def contradictions(project: Project) -> Iterator[Mistake]:
    """A database that has a log, a place for it, and the secrets of that."""
    backup = project.backup
    if not backup.pitr:
        return
    if project.database.kind != "postgresql":
        yield Mistake(
            KEY,
            f"`backup.pitr` keeps the changes of PostgreSQL, and `database.kind` is {project.database.kind}",
            'Set [database] kind = "postgresql", or make backups more often with `backup.at`.',
        )
    if not backup.repository.startswith((FOLDER, S3)):
        yield Mistake(
            KEY,
            "`backup.pitr` needs a `backup.repository` in a folder of the host or in an S3 store, by https: Debian's "
            "pgBackRest reaches no other",
            "Take s3:https://HOST/BUCKET/PATH, or make backups more often with `backup.at`.",
        )
    elif backup.repository.startswith(S3) and not {S3_KEY, S3_SECRET} <= set(backup.secrets):
        yield Mistake(
            KEY,
            f"`backup.pitr` needs the store's secrets {S3_KEY} and {S3_SECRET}",
            "Name both in `backup.secrets`.",
        )
