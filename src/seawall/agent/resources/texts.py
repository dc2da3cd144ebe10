"""How changes look to people, and how what was observed is told apart: shared by the kinds of resources."""

from __future__ import annotations

import difflib
import hashlib
import os

from seawall.agent import files
from seawall.agent.errors import ApplyFailed
from seawall.agent.files import ABSENT, LINK, Found

HIDDEN = "(secret: content hidden)"
NOWHERE = "/dev/null"


def digest(*parts: object) -> str:
    """A short name for what was observed, equal only for equal parts."""
    return hashlib.sha256("\0".join(map(str, parts)).encode("utf-8", "surrogateescape")).hexdigest()[:16]


def digest_of(found: Found, secret: bool) -> str:
    """A digest of what lies at a path; of a secret only its identity goes in, for content could be guessed from it."""
    if found.kind == ABSENT:
        return ABSENT
    content = found.stamp if secret else hashlib.sha256(found.content).hexdigest()
    return digest(found.kind, content, found.target, f"{found.mode:o}", found.uid, found.gid)


def content_diff(path: str, before: bytes | None, after: bytes | None) -> str:
    """A unified diff of a file's content; None is no file. Binary content is only measured."""
    if before == after:
        return ""
    if _is_binary(before) or _is_binary(after):
        return f"(binary: {_size(before)} → {_size(after)})"
    lines = difflib.unified_diff(
        _lines(before),
        _lines(after),
        NOWHERE if before is None else f"{path} (now)",
        NOWHERE if after is None else f"{path} (after)",
    )
    return "".join(
        line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines
    ).rstrip()


def hidden(before: bytes | None, after: bytes | None) -> str:
    """What may be said of a secret file's content."""
    if before is None or after is None:
        return f"{HIDDEN} {'created' if before is None else 'deleted'}"
    return f"{HIDDEN} {'unchanged' if before == after else 'changed'}"


def _is_binary(content: bytes | None) -> bool:
    if content is None:
        return False
    try:
        content.decode()
    except UnicodeDecodeError:
        return True
    return b"\0" in content


def _size(content: bytes | None) -> str:
    return "no file" if content is None else f"{len(content)} bytes"


def _lines(content: bytes | None) -> list[str]:
    parts = (content or b"").decode().split("\n")
    return [f"{line}\n" for line in parts[:-1]] + ([parts[-1]] if parts[-1] else [])


def rights(found: Found, mode: int, owner: str, group: str) -> list[str]:
    """The lines that say how mode and owner will change; of a new path, what they will be."""
    user = owner or files.user_name(os.geteuid())
    if found.kind == ABSENT:
        owners = f", owner {user}:{group or files.group_name(os.getegid())}" if owner or group else ""
        return [f"mode {mode:04o}{owners}"]
    lines = [f"mode {found.mode:04o} → {mode:04o}"] if found.mode != mode and found.kind != LINK else []
    now_user, now_group = files.user_name(found.uid), files.group_name(found.gid)
    after_group = group or ("root" if os.geteuid() == 0 else now_group)
    if (now_user, now_group) != (user, after_group):
        lines.append(f"owner {now_user}:{now_group} → {user}:{after_group}")
    return lines


def ids(owner: str, group: str) -> tuple[int, int]:
    """The numbers for chown; what is not named is ours, and a group left open is root's only where root runs.

    Raises ApplyFailed for unknown names.
    """
    uid = files.uid_of(owner) if owner else os.geteuid()
    gid = files.gid_of(group) if group else (0 if os.geteuid() == 0 else -1)
    return uid, gid


def refuse_kind(path: str, found: Found, wanted: str) -> ApplyFailed:
    """The error for something at a path that seawall will not replace."""
    return ApplyFailed(
        f"{path} is a {found.kind}, where a {wanted} should be",
        place=path,
        state="nothing has been changed there",
        remedy="move it away, or give the app another name",
    )
