"""A server that is a good home: what it should hold, from what it is and what a person chose. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass

from seawall.agent.host_vocabulary import Firewall, Login, Swap, Upgrades
from seawall.agent.resource import Resource
from seawall.agent.vocabulary import File, Line, Package, Service, Unit
from seawall.errors import UsageError
from seawall.stack import host_sshd, host_suitable
from seawall.stack.host_facts import HostFacts, Profile
from seawall.stack.templates import render

#: Package lists may be so old: apt reads its sources daily on a host that is up.
LIST_DAYS = 7
WEB_PORTS = (80, 443)
PORT = re.compile(r"(\d{1,5}(?::\d{1,5})?)(?:/(tcp|udp))?")
NAME = re.compile(r"[a-z_][a-z0-9_-]{0,31}")
GIB = 1 << 30


@dataclass(frozen=True)
class Options:
    """What was asked for; None is what was chosen earlier, or the default. ``keys`` are lines of authorized_keys."""

    user: str | None = None
    keys: tuple[str, ...] = ()
    allow: tuple[str, ...] | None = None
    firewall: bool | None = None
    swap: bool | None = None
    #: Of the person at this end, for a host that holds no key of theirs.
    own_keys: tuple[str, ...] = ()


@dataclass(frozen=True)
class HostSetup:
    """``calm`` may be made at once; ``guarded`` could lock the caller out, and waits for a confirmation.

    ``findings`` is what is wrong and nobody but a person can put right.
    """

    profile: Profile
    calm: tuple[Resource, ...]
    guarded: tuple[Resource, ...]
    notes: tuple[str, ...]
    findings: tuple[str, ...]


def compose(facts: HostFacts, options: Options) -> HostSetup:
    """What the host should hold. Raises HostUnsuitable for one that is better left alone, UsageError."""
    host_suitable.check(facts)
    profile = choose(facts, options)
    keys = _keys(facts, options)
    host_suitable.check_login(facts, profile, keys)
    return HostSetup(
        profile,
        (*_packages(facts, profile), *_files(facts, profile), *_swap(facts, profile), *_units(facts)),
        (*_login(facts, profile, keys), *host_sshd.resources(facts), *_firewall(facts, profile), _kept(profile)),
        tuple(_notes(facts, profile, options, keys)),
        host_sshd.overruled(facts),
    )


# --- choices


def choose(facts: HostFacts, options: Options) -> Profile:
    """Options over what was chosen earlier over the defaults. Raises UsageError."""
    kept = facts.profile or Profile("deploy", facts.caller_address, _adopted(facts))
    user = options.user or kept.user
    if user == "root" or not NAME.fullmatch(user):
        raise UsageError(
            f"{user!r} cannot be the login that people use",
            remedy="choose a name of small letters, digits, - and _ that is not root",
        )
    return Profile(
        user,
        kept.trusted,
        kept.allow if options.allow is None else _allowed(facts, kept, options.allow),
        kept.firewall if options.firewall is None else options.firewall,
        kept.swap if options.swap is None else options.swap,
    )


def _allowed(facts: HostFacts, kept: Profile, ports: tuple[str, ...]) -> tuple[str, ...]:
    """The ports that are named; the first time beside the rules there are, afterwards instead of those named before."""
    before = () if facts.profile else kept.allow
    return tuple(dict.fromkeys((*before, *(rule_for(port) for port in ports))))


def rule_for(port: str) -> str:
    """`8080` or `53/udp` as ufw's rule. Raises UsageError."""
    match = PORT.fullmatch(port)
    numbers = [int(number) for number in match[1].split(":")] if match else [0]
    if not match or not all(0 < number < 65536 for number in numbers) or numbers != sorted(numbers):
        raise UsageError(f"{port!r} is no port", remedy="use a number, as 8080, 53/udp or 6000:6010/tcp")
    return f"allow {match[1]}/{match[2] or 'tcp'}"


def _adopted(facts: HostFacts) -> tuple[str, ...]:
    """The rules ufw has before seawall first comes: somebody wanted them, so they stay."""
    ours = set(_own_rules(facts))
    return tuple(rule for rule in facts.rules if rule not in ours and not _about(rule, (*facts.ssh_ports, *WEB_PORTS)))


def _about(rule: str, ports: Sequence[int]) -> bool:
    """Whether a rule speaks of one of these ports alone, for everybody."""
    return any(re.fullmatch(rf"\w+ {port}(/tcp)?", rule) for port in ports)


def _own_rules(facts: HostFacts) -> tuple[str, ...]:
    """ssh and the web. A rule that opens the port already, or opens it a little (limit), does too."""
    rules = []
    for port in dict.fromkeys((*facts.ssh_ports, *WEB_PORTS)):
        ways = [f"{verb} {port}{end}" for verb in ("allow", "limit") for end in ("/tcp", "")]
        rules.append(next((way for way in ways if way in facts.rules), f"allow {port}/tcp"))
    return tuple(rules)


def _keys(facts: HostFacts, options: Options) -> tuple[str, ...]:
    """The keys to let in: given ones; the first time those that let the caller in. A key taken away later stays away.

    Those of the person at this end come last, for a caller whom a password let in.
    """
    if options.keys:
        return options.keys
    if facts.profile and facts.user_keys and (options.user or facts.profile.user) == facts.profile.user:
        return ()
    return facts.caller_keys or facts.user_keys or options.own_keys


# --- the parts


def _packages(facts: HostFacts, profile: Profile) -> tuple[Resource, ...]:
    """fail2ban bans with nftables, and reads the journal with Python's systemd. debsums tells whether packages' files
    are still as they came, needrestart what still runs as it was before an upgrade, apt-listchanges what an upgrade
    brings; pwquality refuses weak passwords to those who have one for sudo."""
    names = ["sudo", "fail2ban", "nftables", "python3-systemd", "unattended-upgrades", "debsums", "libpam-pwquality"]
    names += ["apt-listchanges", "needrestart"]
    names += ["ufw"] if profile.firewall else []
    names += [] if facts.clock else ["systemd-timesyncd"]
    return (*(Package(name) for name in names), Upgrades(LIST_DAYS))


FAIL2BAN = Service(
    "fail2ban", check=("fail2ban-client", "-t"), reload=("systemctl", "reload-or-restart", "fail2ban.service")
)
JOURNALD = Service("journald", reload=("systemctl", "restart", "systemd-journald.service"))
#: Skipped by its own conditions where /proc/sys cannot be written; a key this kernel lacks does not stop the others.
SYSCTL = Service("sysctl", reload=("systemctl", "restart", "systemd-sysctl.service"))
SUDO = Service("sudo", check=("visudo", "-c", "-q"))


def _files(facts: HostFacts, profile: Profile) -> tuple[Resource, ...]:
    ports = ",".join(str(port) for port in facts.ssh_ports)
    jail = render("host-fail2ban.j2", ports=ports, trusted=profile.trusted)
    return (
        File("/etc/apt/apt.conf.d/52seawall", render("host-apt.conf.j2")),
        File("/etc/systemd/journald.conf.d/seawall.conf", render("host-journald.conf.j2"), service=JOURNALD.name),
        File("/etc/sysctl.d/90-seawall.conf", render("host-sysctl.conf.j2"), service=SYSCTL.name),
        File("/etc/modprobe.d/seawall.conf", render("host-modprobe.conf.j2")),
        File("/etc/security/limits.d/90-seawall.conf", render("host-limits.conf.j2")),
        File("/etc/systemd/coredump.conf.d/seawall.conf", render("host-coredump.conf.j2")),
        *(File(path, render("host-issue.j2")) for path in ("/etc/issue", "/etc/issue.net")),
        File("/etc/fail2ban/jail.d/seawall.local", jail, service=FAIL2BAN.name),
        Line("/etc/login.defs", "UMASK\t\t027", replaces=r"^UMASK\s"),
        # For programs that still make SHA hashes of passwords; crypt(5)'s own number is of 2007.
        Line("/etc/login.defs", "SHA_CRYPT_MIN_ROUNDS 65536", replaces=r"^SHA_CRYPT_MIN_ROUNDS\s"),
        Line("/etc/default/debsums", "CRON_CHECK=weekly", replaces=r"^CRON_CHECK=never$", needs="line"),
        *(JOURNALD, SYSCTL, FAIL2BAN),
    )


def _swap(facts: HostFacts, profile: Profile) -> tuple[Resource, ...]:
    return (Swap("/swapfile", _swap_size(facts)),) if profile.swap and not _no_swap(facts) else ()


def _swap_size(facts: HostFacts) -> int:
    """As much as the memory, between one and two GiB: to survive a peak, not to live on."""
    return min(max(-(-facts.memory_bytes // GIB), 1), 2) * GIB


def _no_swap(facts: HostFacts) -> str:
    """Why no swap file is made, "" if one is or there is swap already."""
    if facts.swap:
        return ""
    if facts.swap_refused:
        return facts.swap_refused
    return "its disk is too full" if facts.disk_free < 4 * _swap_size(facts) else ""


def _units(facts: HostFacts) -> tuple[Resource, ...]:
    clock = facts.clock or "systemd-timesyncd"
    names = ("apt-daily.timer", "apt-daily-upgrade.timer", f"{clock}.service", "fail2ban.service")
    return tuple(Unit(name) for name in names)


def _login(facts: HostFacts, profile: Profile, keys: tuple[str, ...]) -> tuple[Resource, ...]:
    """sudo asks for no password, since the login has none."""
    return (
        Login(profile.user, facts.keys_file, ("sudo",), keys),
        File("/etc/sudoers.d/90-seawall", render("host-sudoers.j2", user=profile.user), 0o440, service=SUDO.name),
        SUDO,
    )


def _firewall(facts: HostFacts, profile: Profile) -> tuple[Resource, ...]:
    if not profile.firewall:
        return ()
    rules = tuple(dict.fromkeys((*_own_rules(facts), *profile.allow)))
    return (Firewall(rules, facts.ipv6), Unit("ufw.service"))


def _kept(profile: Profile) -> Resource:
    return File("/var/lib/seawall/host/profile.json", json.dumps(profile.to_json(), indent=1) + "\n", 0o600)


# --- what should be known


def _notes(facts: HostFacts, profile: Profile, options: Options, keys: tuple[str, ...]) -> list[str]:
    notes = []
    if keys:
        whose = "that were named" if options.keys else f"that let {facts.caller} in"
        whose = whose if options.keys or facts.caller_keys else "of yours"
        notes.append(f"{profile.user} is let in by the keys {whose}")
    if facts.caller == "root":
        notes.append(f"root can no longer log in over ssh afterwards; {profile.user} can, and sudo needs no password")
    elif facts.caller != profile.user and not facts.caller_keys:
        notes.append(f"{facts.caller} has no key, and can no longer log in with a password; {profile.user} can")
    if not facts.ipv6 and profile.firewall:
        notes.append("this host has no IPv6, so the firewall is for IPv4 alone")
    if not profile.firewall:
        notes.append("the firewall is left alone, as --no-firewall says")
    if profile.swap and _no_swap(facts):
        notes.append(f"no swap is made: {_no_swap(facts)}")
    matches = host_sshd.matches(facts)
    if matches:
        notes.append(f"what sshd's Match blocks allow stays allowed, look at them: {', '.join(matches)}")
    if facts.reboot:
        notes.append("an upgrade waits for a reboot of this host")
    return notes
