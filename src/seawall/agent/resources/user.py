"""System users. Taking back does not remove a user: what it owns would lose its name."""

from __future__ import annotations

import grp
import pwd
from dataclasses import dataclass

from seawall.agent import process
from seawall.agent.errors import ApplyFailed, CommandFailed
from seawall.agent.resources import texts
from seawall.agent.resources.work import Work
from seawall.agent.vocabulary import Change, User

SHELL = "/usr/sbin/nologin"


@dataclass(frozen=True)
class UserFound:
    """A user as it is; ``groups`` are those of the wanted supplementary groups it is in."""

    exists: bool = False
    group_exists: bool = False
    groups: frozenset[str] = frozenset()


def observe(resource: User) -> UserFound:
    """Who has that name. Raises ApplyFailed if it is someone with another home: that user is not seawall's."""
    groups = frozenset(name for name in resource.groups if resource.name in _members(name))
    try:
        home = pwd.getpwnam(resource.name).pw_dir
    except KeyError:
        return UserFound(False, _group_exists(resource.name), groups)
    if home != resource.home:
        raise ApplyFailed(
            f"The user {resource.name!r} is already on this host, with its home in {home}, so it is not seawall's",
            place="/etc/passwd",
            state="nothing has been changed",
            remedy="give the app another name",
        )
    return UserFound(True, _group_exists(resource.name), groups)


def _members(group: str) -> list[str]:
    try:
        return grp.getgrnam(group).gr_mem
    except KeyError:
        return []


def _group_exists(name: str) -> bool:
    try:
        grp.getgrnam(name)
    except KeyError:
        return False
    return True


def diff(resource: User, found: UserFound) -> Change | None:
    """What must change, or None."""
    missing = [name for name in resource.groups if name not in found.groups]
    if found.exists and not missing:
        return None
    lines = [] if found.exists else [f"home {resource.home}, shell {SHELL}"]
    lines += [f"joins the group {name}" for name in missing]
    before = texts.digest(found.exists, found.group_exists, *sorted(found.groups))
    return Change("user", resource.name, "update" if found.exists else "create", "\n".join(lines), before)


def apply(resource: User, found: UserFound, _work: Work) -> None:
    """Create the user, its group and home entry (the folder itself is a Directory), or add it to groups.

    Raises ApplyFailed with useradd's own words.
    """
    try:
        process.check(_command(resource, found), timeout=120)
    except CommandFailed as error:
        raise ApplyFailed(
            f"The user {resource.name!r} could not be created or changed", place="/etc/passwd", output=error.output
        ) from error


def _command(resource: User, found: UserFound) -> list[str]:
    groups = ",".join(resource.groups)
    if found.exists:
        return ["usermod", "--append", "--groups", groups, resource.name]
    command = ["useradd", "--system", "--no-create-home", "--home-dir", resource.home, "--shell", SHELL]
    command += ["--gid", resource.name] if found.group_exists else ["--user-group"]
    return [*command, *(["--groups", groups] if groups else []), resource.name]
