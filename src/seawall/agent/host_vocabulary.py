"""What a server of its own holds besides apps: logins, firewall, swap, and lines in files that others own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Upgrades:
    """No upgrade of an installed package is pending, by package lists that are at most ``days`` old."""

    days: int


@dataclass(frozen=True)
class Login:
    """A person's account: in ``groups``, let in by ``keys`` (lines of authorized_keys in ``keys_file``).

    Its password is locked when it is made. Keys, groups and passwords that are there already stay.
    """

    name: str
    keys_file: str
    groups: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()


@dataclass(frozen=True)
class Line:
    """One line in a file that belongs to somebody else.

    It takes the place of the lines that the pattern ``replaces`` matches; where there are none it goes to the end,
    or with ``first`` to the beginning. ``needs`` says what must be there for anything to be written: "file" its file,
    "line" a line that it replaces.
    """

    path: str
    line: str
    replaces: str = ""
    first: bool = False
    needs: str = ""
    service: str = ""


@dataclass(frozen=True)
class Moduli:
    """sshd's file of groups for Diffie-Hellman (moduli(5)), without those of fewer than ``bits`` bits."""

    path: str
    bits: int
    service: str = ""


@dataclass(frozen=True)
class HostKey:
    """A host key of sshd with at least ``bits`` bits; a shorter one is made anew."""

    path: str
    type: str
    bits: int
    service: str = ""


@dataclass(frozen=True)
class Firewall:
    """ufw, on: what ``rules`` allow may come in, nothing else. A rule is what follows the word ``ufw``."""

    rules: tuple[str, ...]
    ipv6: bool = True


@dataclass(frozen=True)
class Swap:
    """Some swap; where there is none, a file of ``size`` bytes."""

    path: str
    size: int


@dataclass(frozen=True)
class Unit:
    """A unit of systemd that starts at boot, and runs now unless its own conditions keep it from running."""

    name: str


RESOURCES: dict[str, type[Any]] = {
    "upgrades": Upgrades,
    "login": Login,
    "line": Line,
    "moduli": Moduli,
    "host-key": HostKey,
    "firewall": Firewall,
    "swap": Swap,
    "unit": Unit,
}
