"""SW902 to SW912: how the system of a host is kept, whatever runs on it."""

from __future__ import annotations

from collections.abc import Iterator

from seawall.checks.finding import Evidence, Severity
from seawall.checks.live.host import GUIDE, HostSeen
from seawall.checks.rule import Check, Rule

#: Of a disk, or of the files that it can hold.
NEARLY_FULL = 0.1


def reboot_waits(seen: HostSeen) -> Iterator[Evidence]:
    if seen.posture["reboot"]:
        yield seen.shows("/var/run/reboot-required", "exists")


def updates_wait(seen: HostSeen) -> Iterator[Evidence]:
    waiting = seen.posture["updates"] or []
    if waiting:
        more = f" and {len(waiting) - 8} more" if len(waiting) > 8 else ""
        yield seen.shows("apt-get -s dist-upgrade", f"{', '.join(waiting[:8])}{more}")


def nobody_updates(seen: HostSeen) -> Iterator[Evidence]:
    if seen.posture["updates"] is not None and not seen.posture["unattended"]:
        yield seen.shows("APT::Periodic::Unattended-Upgrade", "off, or unattended-upgrades is not installed")


def root_by_password(seen: HostSeen) -> Iterator[Evidence]:
    if seen.posture["sshd"].get("permitrootlogin") == "yes":
        yield seen.shows("sshd -T", "permitrootlogin yes")


def passwords(seen: HostSeen) -> Iterator[Evidence]:
    for name in ("passwordauthentication", "kbdinteractiveauthentication"):
        if seen.posture["sshd"].get(name) == "yes":
            yield seen.shows("sshd -T", f"{name} yes")


def no_firewall(seen: HostSeen) -> Iterator[Evidence]:
    if seen.posture["firewall"] in {"", "inactive"}:
        yield seen.shows(
            "ufw status", seen.posture["firewall"] or "ufw is not installed, and nothing else drops packets"
        )


def clock_runs_free(seen: HostSeen) -> Iterator[Evidence]:
    if seen.posture["clock"].get("NTPSynchronized", "no") != "yes" and seen.posture["clock"].get("NTP") != "yes":
        yield seen.shows("timedatectl", "NTPSynchronized=no, NTP=no")


def nearly_full(seen: HostSeen) -> Iterator[Evidence]:
    for disk in seen.posture["disks"]:
        for free, whole, what in (("free", "total", "of the space"), ("files_free", "files", "of the files")):
            if disk[whole] and disk[free] / disk[whole] < NEARLY_FULL:
                yield seen.shows(f"df {disk['path']}", f"{100 * disk[free] / disk[whole]:.0f} % {what} left")


def failed_units(seen: HostSeen) -> Iterator[Evidence]:
    for unit in seen.posture["failed"]:
        yield seen.shows("systemctl --failed", unit)


CHECKS: tuple[Check[HostSeen], ...] = (
    Check(
        Rule(
            "SW902",
            Severity.WARNING,
            "The host waits to be started anew",
            "An update of the kernel or a library is installed, but what runs is still the old one.",
            "Reboot it at a quiet hour; the app comes back by itself.",
            GUIDE,
        ),
        reboot_waits,
    ),
    Check(
        Rule(
            "SW903",
            Severity.WARNING,
            "Security updates are not installed",
            "The holes that they close are published.",
            "apt-get upgrade, and see that unattended-upgrades runs.",
            "https://wiki.debian.org/UnattendedUpgrades",
        ),
        updates_wait,
    ),
    Check(
        Rule(
            "SW904",
            Severity.WARNING,
            "Nobody installs security updates",
            "The host is vulnerable from the first one on.",
            "`seawall server setup` turns unattended-upgrades on.",
            "https://wiki.debian.org/UnattendedUpgrades",
        ),
        nobody_updates,
    ),
    Check(
        Rule(
            "SW907",
            Severity.WARNING,
            "root may log in by password",
            "It is the name that every scanner tries.",
            "`seawall server setup` closes it, without locking you out.",
            "https://man7.org/linux/man-pages/man5/sshd_config.5.html",
        ),
        root_by_password,
    ),
    Check(
        Rule(
            "SW908",
            Severity.WARNING,
            "Users may log in by password",
            "Passwords are guessed, day and night.",
            "`seawall server setup` closes it, without locking you out.",
            "https://man7.org/linux/man-pages/man5/sshd_config.5.html",
        ),
        passwords,
    ),
    Check(
        Rule(
            "SW909",
            Severity.WARNING,
            "There is no firewall",
            "Whatever is started on the host, by whomever, answers the world.",
            "`seawall server setup` turns ufw on, without locking you out.",
            "https://wiki.debian.org/Uncomplicated%20Firewall%20%28ufw%29",
        ),
        no_firewall,
    ),
    Check(
        Rule(
            "SW910",
            Severity.WARNING,
            "The host's clock runs free",
            "Certificates, sessions and logs go wrong by and by.",
            "`seawall server setup` turns time synchronisation on.",
            "https://www.freedesktop.org/software/systemd/man/latest/systemd-timesyncd.service.html",
        ),
        clock_runs_free,
    ),
    Check(
        Rule(
            "SW911",
            Severity.WARNING,
            "A disk is nearly full",
            "Databases and deployments fail without warning.",
            "Make room: `journalctl --vacuum-size=200M`, `apt-get clean`, a lower release.keep.",
            GUIDE,
        ),
        nearly_full,
    ),
    Check(
        Rule(
            "SW912",
            Severity.WARNING,
            "A unit has failed",
            "Something that the host should do is not done.",
            "Look at `systemctl status` of it; `systemctl reset-failed` once it is mended.",
            "https://www.freedesktop.org/software/systemd/man/latest/systemctl.html",
        ),
        failed_units,
    ),
)
