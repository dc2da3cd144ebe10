"""What is known of a server before it is set up, and what a person chose for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Said:
    """A line of sshd's configuration as it is read, and where it is (``FILE:LINE``)."""

    place: str
    keyword: str
    value: str

    @property
    def file(self) -> str:
        return self.place.rpartition(":")[0]


@dataclass(frozen=True)
class Sshd:
    """sshd as it is: where it listens, whom it lets in, and the lines that say so in the order they are read."""

    ports: tuple[int, ...]
    include: bool
    sources: tuple[Said, ...]
    kex: tuple[str, ...]
    settings: Mapping[str, tuple[str, ...]]

    def words(self, keyword: str) -> tuple[str, ...]:
        """The words of a setting that lists names, over all its lines."""
        return tuple(word for value in self.settings.get(keyword, ()) for word in value.split())


@dataclass(frozen=True)
class Profile:
    """What was chosen: the login, the firewall's rules beyond ssh and the web, and what is left alone.

    ``trusted`` is the address from which the server was first set up: it is never banned.
    """

    user: str
    trusted: str = ""
    allow: tuple[str, ...] = ()
    firewall: bool = True
    swap: bool = True

    def to_json(self) -> dict[str, Any]:
        return {"version": 1, **asdict(self), "allow": list(self.allow)}


@dataclass(frozen=True)
class HostFacts:
    """A host as the agent sees it. Keys are lines of authorized_keys; ``profile`` is that of an earlier set-up."""

    os_id: str
    os_version: str
    systemd: bool
    memory_bytes: int
    disk_free: int
    caller: str
    caller_address: str
    caller_port: int
    caller_keys: tuple[str, ...]
    user: str
    user_keys: tuple[str, ...]
    keys_file: str
    sshd: Sshd
    foreign_firewall: str
    rules: tuple[str, ...]
    ipv6: bool
    swap: bool
    swap_refused: str
    clock: str
    reboot: bool = False
    #: Seconds until the host takes back what an earlier set-up left unconfirmed, 0 if nothing waits.
    pending: float = 0
    profile: Profile | None = None

    @property
    def ssh_ports(self) -> tuple[int, ...]:
        """Where sshd listens, and the port that the caller came through."""
        return tuple(sorted({*self.sshd.ports, self.caller_port} - {0}))

    @classmethod
    def from_wire(cls, hello: Mapping[str, Any], look: Mapping[str, Any]) -> HostFacts:
        """From what the agent said at the beginning, and to `setup-look`."""
        sshd, kept = look["sshd"], look["profile"]
        same = (
            "caller",
            "caller_address",
            "caller_port",
            "user",
            "keys_file",
            "foreign_firewall",
            "ipv6",
            "swap",
            "swap_refused",
        )
        return cls(
            os_id=hello["os_id"],
            os_version=hello["os_version"],
            systemd=hello["systemd"],
            memory_bytes=hello["memory_bytes"],
            disk_free=look["disk_free"],
            clock=look["clock"],
            reboot=look["reboot"],
            pending=look["pending"],
            caller_keys=tuple(look["caller_keys"]),
            user_keys=tuple(look["user_keys"]),
            rules=tuple(look["rules"]),
            sshd=Sshd(
                tuple(sshd["ports"]),
                sshd["include"],
                tuple(Said(*line) for line in sshd["sources"]),
                tuple(sshd["kex"]),
                {name: tuple(values) for name, values in sshd["settings"].items()},
            ),
            profile=None if kept is None else _profile(kept),
            **{name: look[name] for name in same},
        )


def _profile(kept: Mapping[str, Any]) -> Profile:
    return Profile(kept["user"], kept["trusted"], tuple(kept["allow"]), kept["firewall"], kept["swap"])
