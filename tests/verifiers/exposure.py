"""systemd's own opinion of a unit's sandbox: `systemd-analyze security`."""

import json
import re
from dataclasses import dataclass

from hosts.machine import Host

_OVERALL = re.compile(r"Overall exposure level for \S+: ([\d.]+) ")


@dataclass(frozen=True)
class Exposure:
    """From 0 (least) to 10; `open` maps what stays open to its share."""

    level: float
    open: dict[str, float]


def scan(host: Host, unit: str) -> Exposure:
    """The exposure of a loaded unit."""
    analyze = ["systemd-analyze", "security", "--no-pager"]
    return parse(host.run([*analyze, unit]).stdout, host.run([*analyze, "--json=short", unit]).stdout)


def parse(text: str, table: str) -> Exposure:
    """From the command's text and its JSON table, in which a row's exposure is null or text."""
    overall = _OVERALL.search(text)
    assert overall, f"systemd-analyze gave no level:\n{text[-500:]}"
    shares = {row["name"]: float(row["exposure"]) for row in json.loads(table) if row["exposure"]}
    return Exposure(float(overall[1]), dict(sorted(shares.items(), key=lambda item: -item[1])))
