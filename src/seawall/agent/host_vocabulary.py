"""What a server of its own holds besides apps: logins, firewall, swap, and lines in files that others own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from seawall.agent.resource import Resource, table


@dataclass(frozen=True)
class Upgrades(Resource):
    """No upgrade of an installed package is pending, by package lists that are at most ``days`` old."""

    kind: ClassVar[str] = "upgrades"

    days: int


@dataclass(frozen=True)
class Login(Resource):
    """A person's account: in ``groups``, let in by ``keys`` (lines of authorized_keys in ``keys_file``).

    Its password is locked when it is made. Keys, groups and passwords that are there already stay.
    """

    kind: ClassVar[str] = "login"

    name: str
    keys_file: str
    groups: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()


@dataclass(frozen=True)
class Moduli(Resource):
    """sshd's file of groups for Diffie-Hellman (moduli(5)), without those of fewer than ``bits`` bits."""

    kind: ClassVar[str] = "moduli"

    path: str
    bits: int
    service: str = ""


@dataclass(frozen=True)
class HostKey(Resource):
    """A host key of sshd with at least ``bits`` bits; a shorter one is made anew."""

    kind: ClassVar[str] = "host-key"

    path: str
    type: str
    bits: int
    service: str = ""


@dataclass(frozen=True)
class Firewall(Resource):
    """ufw, on: what ``rules`` allow may come in, nothing else. A rule is what follows the word ``ufw``."""

    kind: ClassVar[str] = "firewall"

    rules: tuple[str, ...]
    ipv6: bool = True


@dataclass(frozen=True)
class Swap(Resource):
    """Some swap; where there is none, a file of ``size`` bytes."""

    kind: ClassVar[str] = "swap"

    path: str
    size: int


RESOURCES = table(Upgrades, Login, Moduli, HostKey, Firewall, Swap)
