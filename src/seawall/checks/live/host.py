"""SW901 to SW917: how well the app is kept on its hosts, as their agent says; ``rules_system`` has the rest.

The facts are gathered by ``seawall.agent.posture``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from seawall.checks.finding import Evidence, Exchange, Severity
from seawall.checks.rule import Check, Rule

GUIDE = "docs/guides/live-check.md"
SYSTEMD = "https://www.freedesktop.org/software/systemd/man/latest/systemd-analyze.html"
#: systemd's exposure level that the app's units stay below.
EXPOSED = 1.5
#: How old the last backup may be.
BACKUP_AGE = timedelta(days=2)


@dataclass(frozen=True)
class HostSeen:
    """One host. ``posture`` is what the agent gathered, ``status`` how the app is there; ``served`` is the hash of the
    certificate that the site shows, "" where nobody looked."""

    name: str
    now: datetime
    posture: Mapping[str, Any]
    interrupted: str = ""
    live: str = ""
    unwell: Sequence[str] = field(default_factory=tuple)
    served: str = ""

    def shows(self, request: str, answer: str, fact: str = "") -> Exchange:
        return Exchange(f"{self.name}: {request}", answer, fact)


def exposed(seen: HostSeen) -> Iterator[Evidence]:
    for unit, level in seen.posture["exposure"].items():
        if unit.startswith("seawall-") and level > EXPOSED:
            yield seen.shows(f"systemd-analyze security {unit}", f"{level:g}", f"more than {EXPOSED:g}")


def proxy_stays_down(seen: HostSeen) -> Iterator[Evidence]:
    proxy = seen.posture["proxy"]
    if proxy.get("LoadState") == "loaded" and proxy.get("Restart", "no") == "no":
        yield seen.shows(f"systemctl show {proxy.get('Id', 'nginx.service')} -p Restart", "no")


def open_secrets(seen: HostSeen) -> Iterator[Evidence]:
    for line in seen.posture["open_files"]:
        mode, _, path = line.partition(" ")
        yield seen.shows(f"stat {path}", f"mode {mode}")


def no_backup(seen: HostSeen) -> Iterator[Evidence]:
    if seen.posture["backup"] is None:
        yield seen.shows("state/backup.json", "is not there", "no backups are set up")


def old_backup(seen: HostSeen) -> Iterator[Evidence]:
    backup = seen.posture["backup"]
    if backup is None:
        return
    age = seen.now - datetime.fromtimestamp(float(backup.get("at", 0)), UTC)
    if age > BACKUP_AGE:
        yield seen.shows("state/backup.json", f"the last backup is {age.days} days old")
    if not backup.get("verified"):
        yield seen.shows("state/backup.json", "the last backup was not verified")


def cut_off(seen: HostSeen) -> Iterator[Evidence]:
    if seen.interrupted:
        yield seen.shows("seawall status", seen.interrupted)


def app_unwell(seen: HostSeen) -> Iterator[Evidence]:
    for what in seen.unwell:
        yield seen.shows("seawall status", what)


def other_certificate(seen: HostSeen) -> Iterator[Evidence]:
    there = seen.posture["certificate"]
    if there and seen.served and there["sha256"] != seen.served:
        yield seen.shows(
            f"{there['path']}", f"SHA-256 {there['sha256'][:16]}…", f"the one served is {seen.served[:16]}…"
        )


CHECKS: tuple[Check[HostSeen], ...] = (
    Check(
        Rule(
            "SW901",
            Severity.WARNING,
            "A unit of the app may do more than it needs",
            "Whoever breaks into the app can go on from there.",
            "Deploy with this version of seawall, and look again at what [sandbox] allows.",
            SYSTEMD,
        ),
        exposed,
    ),
    Check(
        Rule(
            "SW905",
            Severity.WARNING,
            "The web server in front stays down when it dies",
            "Debian's unit has no Restart=, so one crash takes the site offline.",
            "Deploy with this version of seawall, which gives the unit a drop-in.",
            "https://www.freedesktop.org/software/systemd/man/latest/systemd.service.html#Restart=",
        ),
        proxy_stays_down,
    ),
    Check(
        Rule(
            "SW906",
            Severity.ERROR,
            "Any user of the host may read a secret",
            "So may whoever breaks into any program there.",
            "chmod 0600 the file, and change the secret.",
            "docs/concepts/what-lies-on-a-host.md",
        ),
        open_secrets,
    ),
    Check(
        Rule(
            "SW913",
            Severity.WARNING,
            "There are no backups",
            "A broken disk or a wrong command takes all data with it.",
            "Have the data copied to another place each day, and try to restore it.",
            GUIDE,
        ),
        no_backup,
    ),
    Check(
        Rule(
            "SW914",
            Severity.ERROR,
            "The last backup is old, or nobody has verified it",
            "What is lost today cannot be brought back.",
            "Look at why the backup fails.",
            GUIDE,
        ),
        old_backup,
    ),
    Check(
        Rule(
            "SW915",
            Severity.ERROR,
            "A deployment was cut off",
            "The host is between two releases.",
            "Run `seawall deploy` again: it finishes or undoes it first.",
            "docs/concepts/architecture.md",
        ),
        cut_off,
    ),
    Check(
        Rule(
            "SW916",
            Severity.ERROR,
            "The app is not well",
            "A program of the live release does not run, or its health path does not answer.",
            "Look at `seawall status` and `seawall logs`.",
            "docs/concepts/architecture.md",
        ),
        app_unwell,
    ),
    Check(
        Rule(
            "SW917",
            Severity.ERROR,
            "Another certificate is served than the one on the host",
            "The proxy was not reloaded after a renewal: when the old one ends, so does the site.",
            "`seawall cert renew`, or systemctl reload nginx.",
            "https://eff-certbot.readthedocs.io/en/stable/using.html#renewing-certificates",
        ),
        other_certificate,
    ),
)
