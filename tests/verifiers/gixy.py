"""gixy-ng on all of a host's nginx configuration, the distribution's files included."""

import json
from pathlib import Path

from hosts.commands import run
from hosts.machine import Host

from .findings import Finding
from .installed import python_program


def scan(host: Host, directory: Path) -> list[Finding]:
    """What gixy says of `nginx -T`; `directory` is for the dump."""
    dump = directory / "nginx.conf"
    dump.write_text(host.run(["nginx", "-T"]).stdout)
    # It exits with 1 when it has findings; with no output at all it could not read the configuration.
    return parse(run([python_program("gixy"), "--format", "json", str(dump)], check=False).stdout)


def parse(text: str) -> list[Finding]:
    """Findings of every severity."""
    return [
        Finding("gixy", issue["plugin"], issue["severity"], f"{issue['reason']} ({issue['file']}:{issue['line']})")
        for issue in json.loads(text)
    ]
