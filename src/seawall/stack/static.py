"""Static folders: under which name each lies in a release, and at which URLs the front server shows it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from seawall.agent.vocabulary import Entry
from seawall.config.model import Project
from seawall.config.proxy import YEAR
from seawall.errors import ConfigError, ProjectError


@dataclass(frozen=True)
class Mount:
    """``folder`` of the project is ``static/NAME`` of the release and appears under the URLs ``prefix…``."""

    name: str
    prefix: str
    folder: str


#: A content hash in a file's name, as webpack, Rollup, Parcel and Django write it: 8 to 64 hexadecimal digits between
#: separators, before one extension or more. It must have both a digit and a letter, or dates and words would be hashes.
HASHED = r"[/._~-](?=[0-9a-f]*[a-f])(?=[a-f]*[0-9])[0-9a-f]{8,64}(\.[A-Za-z0-9]+)+"
IMMUTABLE = f"public, max-age={YEAR}, immutable"


@dataclass(frozen=True)
class Caching:
    """How long browsers keep static files: one with a hash in its name, below one of ``immutable`` or asked for with
    the query parameter ``query`` (if that is not "") for ever (RFC 8246), others ``max_age`` seconds."""

    max_age: int
    immutable: tuple[str, ...]
    query: str

    @property
    def usual(self) -> str:
        """The Cache-Control of a file that may change."""
        return f"max-age={self.max_age}" if self.max_age else "no-cache"


def caching(project: Project) -> Caching:
    """Raises ConfigError for a prefix of `immutable` that is not one of static files."""
    proxy = project.proxy
    for prefix in proxy.immutable:
        if not any(prefix.startswith(mount) for mount in project.static):
            raise ConfigError(
                f"{prefix} is not below a URL prefix of [static]",
                place="[proxy] immutable",
                remedy="name static files only: what the app sends has the headers that the app gives it",
            )
    return Caching(proxy.static_max_age, proxy.immutable, proxy.immutable_query)


def mounts(static: Mapping[str, str]) -> tuple[Mount, ...]:
    """A mount for each URL prefix, by prefix; names that would be equal are numbered."""
    taken: set[str] = set()
    found = []
    for prefix, folder in sorted(static.items()):
        name = _free(slug(prefix), taken)
        taken.add(name)
        found.append(Mount(name, prefix, str(PurePosixPath(folder))))
    return tuple(found)


def slug(prefix: str) -> str:
    """A URL prefix as the name of a folder: ``/static/`` is ``static``, ``/a/B.c/`` is ``a-b-c``."""
    return re.sub(r"[^a-z0-9]+", "-", prefix.lower()).strip("-") or "files"


def check(project: Project, tree: tuple[Entry, ...]) -> None:
    """Raises ProjectError for a folder with no files, ConfigError for one that the app may write."""
    kept = [PurePosixPath(path) for path in project.app.persist]
    for mount in mounts(project.static):
        folder, place = PurePosixPath(mount.folder), f'[static] "{mount.prefix}"'
        if any(folder == path or path in folder.parents for path in kept):
            raise ConfigError(
                f"{mount.folder} is kept between releases, and the front server cannot read such folders",
                place=place,
                remedy="let the app serve these files, or take the folder out of app.persist",
            )
        if not any(folder in PurePosixPath(entry.path).parents for entry in tree):
            raise ProjectError(
                f"the static folder {mount.folder} has no files that travel",
                place=place,
                remedy="correct the folder (it is relative to app.root), or look at app.exclude and .gitignore",
            )


def _free(name: str, taken: set[str]) -> str:
    number = 2
    free = name
    while free in taken:
        free, number = f"{name}-{number}", number + 1
    return free
