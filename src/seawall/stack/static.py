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


#: Where a release has the project's error pages, beside its static folders; no mount is called so.
ERROR_PAGES = "@errors"
#: What the front server answers with by itself: the app is not there, maintenance, the app takes too long.
STATUSES = (502, 503, 504)


def folders(project: Project) -> dict[str, str]:
    """What the front server may read of a release: names in its `static/`, and the project's folders for them."""
    found = {mount.name: mount.folder for mount in mounts(project.static)}
    if project.proxy.error_pages:
        found[ERROR_PAGES] = str(PurePosixPath(project.proxy.error_pages))
    return found


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
    paths = [PurePosixPath(entry.path) for entry in tree]
    places = {mount.name: f'[static] "{mount.prefix}"' for mount in mounts(project.static)}
    for name, source in folders(project).items():
        folder, place = PurePosixPath(source), places.get(name, "[proxy] error_pages")
        if any(folder == path or path in folder.parents for path in map(PurePosixPath, project.app.persist)):
            raise ConfigError(
                f"{folder} is kept between releases, and the front server cannot read such folders",
                place=place,
                remedy="let the app serve these files, or take the folder out of app.persist",
            )
        if not any(folder in path.parents for path in paths):
            raise ProjectError(
                f"the static folder {folder} has no files that travel",
                place=place,
                remedy="correct the folder (it is relative to app.root), or look at app.exclude and .gitignore",
            )
    _check_error_pages(project, paths)


def _check_error_pages(project: Project, paths: list[PurePosixPath]) -> None:
    folder = project.proxy.error_pages
    wanted = [f"{status}.html" for status in STATUSES]
    if folder and not any(PurePosixPath(folder) / name in paths for name in wanted):
        raise ProjectError(
            f"{folder} holds none of {', '.join(wanted)}",
            place="[proxy] error_pages",
            remedy="add one of them, or name the folder that has them",
        )


def _free(name: str, taken: set[str]) -> str:
    number = 2
    free = name
    while free in taken:
        free, number = f"{name}-{number}", number + 1
    return free
