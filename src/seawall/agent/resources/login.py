"""People's accounts. Nothing is taken away: neither a key nor a group, a password or a user."""

from __future__ import annotations

import grp
import pwd
from dataclasses import dataclass
from pathlib import Path

from seawall.agent import files, process
from seawall.agent.errors import ApplyFailed, CommandFailed
from seawall.agent.files import FILE
from seawall.agent.host_vocabulary import Login
from seawall.agent.resources import texts
from seawall.agent.resources.work import Work
from seawall.agent.vocabulary import Change

SHELL = "/bin/bash"
#: Shells that let nobody in (nologin(8), false(1)).
CLOSED = ("/usr/sbin/nologin", "/sbin/nologin", "/bin/false", "/usr/bin/false")


@dataclass(frozen=True)
class LoginFound:
    """An account as it is: which of the wanted groups and keys it lacks."""

    exists: bool
    groups: tuple[str, ...]
    keys: tuple[str, ...]
    stamp: str = ""


def observe(resource: Login) -> LoginFound:
    """Who has that name. Raises ApplyFailed for a system's user, or one who may not log in."""
    try:
        user = pwd.getpwnam(resource.name)
    except KeyError:
        return LoginFound(False, resource.groups, resource.keys)
    if user.pw_shell in CLOSED:
        raise ApplyFailed(
            f"The user {resource.name!r} is already on this host and may not log in (its shell is {user.pw_shell})",
            place="/etc/passwd",
            state="nothing was changed",
            remedy="choose another name with --user",
        )
    groups = tuple(name for name in resource.groups if resource.name not in _members(name))
    found = files.look(keys_path(resource, user.pw_dir))
    there = key_bodies(found.content.decode(errors="replace")) if found.kind == FILE else set()
    keys = tuple(line for line in resource.keys if not key_bodies(line) <= there)
    return LoginFound(True, groups, keys, texts.digest_of(found, False))


def keys_path(resource: Login, home: str) -> str:
    """Where sshd looks for the account's keys: a path from its home, or an absolute one; %h and %u are filled in."""
    path = resource.keys_file.replace("%h", home).replace("%u", resource.name).replace("%%", "%")
    return str(Path(home) / path)


def key_bodies(text: str) -> set[str]:
    """The keys in lines of authorized_keys, without options and comments (sshd(8), AUTHORIZED_KEYS FILE FORMAT)."""
    bodies = set()
    for line in text.splitlines():
        words = line.split()
        starts = [number for number, word in enumerate(words) if is_key_type(word)]
        if starts and not line.lstrip().startswith("#") and len(words) > starts[0] + 1:
            bodies.add(" ".join(words[starts[0] : starts[0] + 2]))
    return bodies


def is_key_type(word: str) -> bool:
    """Whether a word names a kind of key; a certificate of one lets nobody in by itself (ssh-keygen(1))."""
    return word.startswith(("ssh-", "ecdsa-sha2-", "sk-ssh-", "sk-ecdsa-")) and "-cert-v" not in word


def _members(group: str) -> list[str]:
    try:
        return grp.getgrnam(group).gr_mem
    except KeyError:
        return []


def diff(resource: Login, found: LoginFound) -> Change | None:
    """What must change, or None."""
    if found.exists and not found.groups and not found.keys:
        return None
    lines = [] if found.exists else [f"shell {SHELL}, no password"]
    lines += [f"joins the group {name}" for name in found.groups]
    lines += [f"key {shown(key)}" for key in found.keys]
    before = texts.digest(found.exists, *found.groups, *found.keys, found.stamp)
    return Change("login", resource.name, "update" if found.exists else "create", "\n".join(lines), before)


def shown(key: str) -> str:
    """A key as people know it: what limits it, its type, its end and its comment."""
    words = key.split()
    start = next((number for number, word in enumerate(words) if is_key_type(word)), 0)
    kind, body, comment = words[start], words[start + 1], " ".join(words[start + 2 :])
    return " ".join([*words[:start], kind, f"…{body[-8:]}", comment]).rstrip()


def apply(resource: Login, found: LoginFound, work: Work) -> None:
    """Make the account, add it to groups, let keys in. Raises ApplyFailed with useradd's own words."""
    try:
        if not found.exists:
            process.check(["useradd", "--create-home", "--shell", SHELL, "--user-group", resource.name], timeout=120)
        for group in found.groups:
            work.undo.join_group(resource.name, group)
    except CommandFailed as error:
        raise ApplyFailed(
            f"The user {resource.name!r} could not be created or changed", place="/etc/passwd", output=error.output
        ) from error
    if found.keys:
        _add_keys(resource, found.keys, work)


def _add_keys(resource: Login, keys: tuple[str, ...], work: Work) -> None:
    """Only root writes here, so that a link of the user's own making leads nowhere else."""
    user = pwd.getpwnam(resource.name)
    path = Path(keys_path(resource, user.pw_dir))
    own = path.is_relative_to(user.pw_dir)
    uid, gid = (user.pw_uid, user.pw_gid) if own else (0, 0)
    if path.parent.is_symlink() or path.is_symlink():
        raise ApplyFailed(
            f"{path} is a link, or in a folder that is one",
            place=str(path),
            state="no key was added",
            remedy="replace it by a file in a folder of the user's own",
        )
    if not path.parent.is_dir():
        work.undo.make_directory(str(path.parent), 0o700 if own else 0o755, uid, gid)
    before = files.look(str(path)).content
    gap = b"" if not before or before.endswith(b"\n") else b"\n"
    added = "".join(f"{key}\n" for key in keys).encode()
    work.undo.write_file(str(path), before + gap + added, 0o600 if own else 0o644, uid, gid)
