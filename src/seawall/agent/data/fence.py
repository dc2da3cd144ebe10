"""Marks beside a PostgreSQL cluster's settings: that it must take no changes any more, or whose place it has taken.

They lie beside the cluster's settings, as a copy of its data would take them along, and are of one cluster, by the
identifier that it was made with: another one that is made in its place is free. A fenced cluster is down, and
start.conf keeps systemd, pg_ctlcluster(1) and the next boot from starting it; whoever starts it by hand all the same
gets a standby, which takes no changes (PostgreSQL's documentation, 27.2, standby.signal).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from seawall.agent import files, process
from seawall.agent.data import control, psql
from seawall.agent.errors import AgentError, ApplyFailed

#: What start.conf says of a cluster that starts at boot, and of one that nothing starts (pg_createcluster(1)).
AUTO, DISABLED = "auto\n", "disabled\n"
TIMEOUT = 60  #: seconds


@dataclass(frozen=True)
class Fence:
    """``successor`` is the host that took this one's place, as people call it; ``by`` whom and when (RFC 3339).
    ``checkpoint`` is where the log ended when it was shut down in order, "" where it was not. ``system`` is the
    cluster's identifier."""

    system: str
    successor: str
    by: str
    at: str
    checkpoint: str = ""


@dataclass(frozen=True)
class Promotion:
    """This server took the place of the one on the host ``of``, which listened on ``address``; ``fenced`` says whether
    that one was seen to take no changes any more. ``system`` is the cluster's identifier."""

    system: str
    of: str
    address: str
    by: str
    at: str
    fenced: bool


def fence(version: str) -> Fence | None:
    """The fence around the cluster, if there is one. Raises AgentError where it cannot be read."""
    found = _read(version, _fence_path(version))
    return Fence(**found) if found is not None else None


def promotion(version: str) -> Promotion | None:
    """Whose place the server has taken, if it was promoted. Raises AgentError where that cannot be read."""
    found = _read(version, _promotion_path(version))
    return Promotion(**found) if found is not None else None


def keep_promotion(version: str, made: Promotion) -> None:
    _write(_promotion_path(version), asdict(made))


def put_up(version: str, made: Fence) -> None:
    """Fence a cluster that is down, whoever would start it. Durable when this returns."""
    # The mark is first: with it alone, after a power cut, the server may run, and the next promotion fences it anew.
    _write(_fence_path(version), asdict(made))
    process.check(["touch", _signal(version)], timeout=TIMEOUT, user=psql.ADMIN, cwd="/")
    _start_conf(version, DISABLED)
    files.sync_filesystem(_data(version))


def take_down(version: str) -> None:
    """The cluster may be started again, as what it was."""
    files.remove(_signal(version))
    _start_conf(version, AUTO)
    files.remove(_fence_path(version))


def lift(version: str) -> Fence | None:
    """The cluster is another one now, neither fenced nor promoted: the answer is the fence that was around it."""
    was = fence(version)
    if was is not None:
        _start_conf(version, AUTO)
    for path in (_fence_path(version), _promotion_path(version)):
        files.remove(path)
    return was


def must_not_be(version: str) -> None:
    """Raises ApplyFailed where the cluster is fenced: whoever asks would have it take changes."""
    found = fence(version)
    if found is not None:
        raise ApplyFailed(
            f"PostgreSQL on this host is fenced, so that {found.successor} takes its place ({found.at}, {found.by})",
            place="[database] host",
            state="nothing has been changed, and it stays down",
            remedy=f"`seawall database promote {found.successor}` goes on where it stands, and has seawall.toml say so "
            f'(host = "{found.successor}" under [database]); or take the file that it has written already',
        )


def _read(version: str, path: str) -> dict[str, Any] | None:
    text = files.read_text(path)
    if text is None:
        return None
    try:
        found = dict(json.loads(text))
    except ValueError as error:
        raise AgentError(
            "the mark of a promotion cannot be read", place=path, state="nothing was changed", output=str(error)
        ) from error
    return found if found["system"] == _system(version) else None


def _system(version: str) -> str:
    """ "" where there is no cluster any more."""
    if not Path(_data(version)).exists():
        return ""
    return control.read(version).system


def _write(path: str, data: Mapping[str, Any]) -> None:
    files.write_atomic(path, json.dumps(data).encode() + b"\n", 0o644)


def _start_conf(version: str, text: str) -> None:
    """The file's owner stays the cluster's (pg_createcluster(1))."""
    path = str(_folder(version) / "start.conf")
    was = files.look(path)
    if was.content == text.encode():
        return
    files.write_atomic(path, text.encode(), was.mode or 0o644, was.uid, was.gid)


def _fence_path(version: str) -> str:
    return str(_folder(version) / "seawall_fence.json")


def _promotion_path(version: str) -> str:
    return str(_folder(version) / "seawall_promotion.json")


def _folder(version: str) -> Path:
    return Path(f"/etc/postgresql/{version}/main")


def _data(version: str) -> str:
    return f"/var/lib/postgresql/{version}/main"


def _signal(version: str) -> str:
    return f"{_data(version)}/standby.signal"
