"""lynis, run on the host itself: its hardening index, and where points were lost."""

import re
from dataclasses import dataclass

from hosts.machine import Host

REPORT = "/var/log/lynis-report.dat"
LOG = "/var/log/lynis.log"
_TEST = re.compile(r"Performing test ID (\S+) ")
_POINTS = re.compile(r"Hardening: assigned \w+ number of hardening points(?: for this item)? \((\d+) of (\d+)\)")


@dataclass(frozen=True)
class Audit:
    """`index` is from 0 to 100; `lost` maps tests to the points they did not give."""

    index: int
    lost: dict[str, int]


def scan(host: Host) -> Audit:
    """An audit of the whole host; half a minute. Installs lynis there if need be."""
    if not host.exists("/usr/sbin/lynis"):
        quiet = ["-qq", "--yes", "--no-install-recommends"]
        host.run(["env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "install", *quiet, "lynis"])
    host.run(["lynis", "audit", "system", "--quick", "--quiet", "--no-colors"], check=False)
    return parse(host.read_file(REPORT), host.read_file(LOG))


def parse(report: str, log: str) -> Audit:
    """From lynis's report file and its log."""
    index = re.search(r"^hardening_index=(\d+)$", report, flags=re.M)
    assert index, f"lynis did not finish:\n{report[-500:]}"
    return Audit(int(index[1]), _lost(log))


def _lost(log: str) -> dict[str, int]:
    lost: dict[str, int] = {}
    test = ""
    for line in log.splitlines():
        if performed := _TEST.search(line):
            test = performed[1]
        elif (points := _POINTS.search(line)) and points[1] != points[2]:
            lost[test] = lost.get(test, 0) + int(points[2]) - int(points[1])
    return dict(sorted(lost.items(), key=lambda item: -item[1]))
