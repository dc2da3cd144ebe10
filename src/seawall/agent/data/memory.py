"""What the watch remembers from one look to the next, on disk."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from seawall.agent.data import restarts, troubles
from seawall.agent.data.restarts import History
from seawall.agent.data.troubles import Known
from seawall.agent.errors import DiskFull
from seawall.agent.files import write_atomic


@dataclass(frozen=True)
class ChannelState:
    """How the last message went: ``said`` is the server's answer or what failed, ``failed`` since when nothing gets
    through (seconds since 1970), 0 if all is well."""

    said: str
    failed: float = 0


@dataclass(frozen=True)
class Memory:
    """``looked`` is when the watch looked last, in seconds since 1970, 0 for never."""

    looked: float = 0
    known: tuple[Known, ...] = ()
    restarts: Mapping[str, History] = field(default_factory=dict)
    channels: Mapping[str, ChannelState] = field(default_factory=dict)


def read(*paths: Path) -> Memory:
    """The newest of what lies at ``paths``; an empty one where there is none, or none that can be read."""
    return max((_read(path) for path in paths), key=lambda memory: memory.looked)


def write(memory: Memory, path: Path, instead: Path) -> None:
    """Remember it at ``path``, or where that has no room, ``instead``: a full disk is told once, not at each look."""
    data = json.dumps(_to_wire(memory), indent=1).encode() + b"\n"
    try:
        write_atomic(str(path), data, 0o600)
    except DiskFull:
        write_atomic(str(instead), data, 0o600)
    else:
        instead.unlink(missing_ok=True)


def _to_wire(memory: Memory) -> dict[str, object]:
    return {
        "version": 1,
        "looked": memory.looked,
        "troubles": troubles.to_wire(memory.known),
        "restarts": restarts.to_wire(memory.restarts),
        "channels": {name: {"said": state.said, "failed": state.failed} for name, state in memory.channels.items()},
    }


def _read(path: Path) -> Memory:
    try:
        wire = json.loads(path.read_bytes())
        return Memory(
            looked=float(wire["looked"]),
            known=troubles.from_wire(wire["troubles"]),
            restarts=restarts.from_wire(wire["restarts"]),
            channels={name: ChannelState(**state) for name, state in wire["channels"].items()},
        )
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return Memory()
