"""What makes a server one that is better left alone: said before anything changes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from fnmatch import fnmatchcase

from seawall.errors import HostUnsuitable
from seawall.stack import host_sshd
from seawall.stack.host_facts import HostFacts, Profile

#: The oldest releases whose packages have what is relied on: sshd_config.d, nftables, fail2ban's systemd backend.
OLDEST = {"debian": (12,), "ubuntu": (22, 4)}


def check(facts: HostFacts) -> None:
    """Raises HostUnsuitable for a system that is not known, or one where an earlier set-up is not over."""
    if facts.pending:
        raise HostUnsuitable(
            "changes of an earlier set-up wait for a confirmation that did not come",
            state=f"nothing was changed; the host takes them back within {facts.pending:.0f} s",
            remedy="wait that long, then run the command again",
        )
    version = tuple(int(part) for part in re.findall(r"\d+", facts.os_version)[:2])
    oldest = OLDEST.get(facts.os_id)
    if oldest is None or (version and version < oldest):
        raise HostUnsuitable(
            f"this host runs {facts.os_id or 'an unknown system'} {facts.os_version}".rstrip(),
            state="nothing was changed",
            remedy="`server setup` knows Debian 12 and Ubuntu 22.04, and later ones",
        )
    if not facts.systemd:
        raise HostUnsuitable("this host does not run systemd", state="nothing was changed", remedy="use one that does")


def check_login(facts: HostFacts, profile: Profile, keys: tuple[str, ...]) -> None:
    """Raises HostUnsuitable where closing passwords and root would leave nobody who can log in, or close a firewall."""
    if not keys and not facts.user_keys:
        raise HostUnsuitable(
            f"there is no key to let {profile.user} in with, and passwords are to be closed",
            state="nothing was changed",
            remedy="make one with `ssh-keygen -t ed25519`, or name yours: --key ~/.ssh/id_ed25519.pub",
        )
    allowed, groups = facts.sshd.words("allowusers"), facts.sshd.words("allowgroups")
    barred = {
        "allowusers": bool(allowed) and not _matches(profile.user, allowed),
        "denyusers": _matches(profile.user, [word for word in facts.sshd.words("denyusers") if "@" not in word]),
        "allowgroups": bool(groups) and not any(_matches(name, groups) for name in ("sudo", profile.user)),
    }
    if any(barred.values()):
        keyword = next(name for name, bars in barred.items() if bars)
        place = next((line.place for line in facts.sshd.sources if line.keyword == keyword), host_sshd.CONFIG)
        raise HostUnsuitable(
            f"sshd would not let {profile.user} in: {keyword} {' '.join(facts.sshd.words(keyword))}",
            place=place,
            state="nothing was changed",
            remedy=f"let {profile.user} in there, or choose another login with --user",
        )
    if profile.firewall and facts.foreign_firewall:
        raise HostUnsuitable(
            f"this host has a firewall that is not ufw: {facts.foreign_firewall}",
            state="nothing was changed",
            remedy="remove it and run this again; or keep it and say --no-firewall: "
            "it is then yours to open ssh, 80 and 443 in it and to close the rest",
        )


def _matches(name: str, patterns: Sequence[str]) -> bool:
    """Whether sshd means this name by one of its patterns (ssh_config(5), PATTERNS), from wherever it comes."""
    return any(fnmatchcase(name, pattern.partition("@")[0]) for pattern in patterns)
