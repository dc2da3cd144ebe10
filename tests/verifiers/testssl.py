"""testssl.sh: protocols, ciphers, certificate, headers and known vulnerabilities; half a minute."""

import json
import os
from pathlib import Path

from hosts.commands import run

from .findings import Finding, Target
from .installed import directory

#: Protocols, ciphers, the server's preference and defaults, forward secrecy, headers, vulnerabilities. Left out: the
#: simulation of some forty clients, and each cipher by itself, which take minutes and find nothing these do not.
SECTIONS = ("-p", "-s", "-P", "-S", "-f", "-h", "-U")
SERIOUS = frozenset({"MEDIUM", "HIGH", "CRITICAL"})
#: A private authority publishes no revocation list; Let's Encrypt does.
OF_THE_TEST_AUTHORITY = frozenset({"cert_revocation"})


def scan(target: Target, scratch: Path) -> list[Finding]:
    """All that is of MEDIUM severity or above; `scratch` is for its report."""
    report = scratch / "testssl.json"
    report.unlink(missing_ok=True)
    installed = directory() / "testssl"
    argv = [str(installed / "usr" / "bin" / "testssl"), "--quiet", "--warnings", "off", "--color", "0"]
    argv += ["--nodns", "none", "--ip", target.address, "--add-ca", str(target.ca_file), "--jsonfile", str(report)]
    data = {**os.environ, "TESTSSL_INSTALL_DIR": str(installed / "etc" / "testssl")}
    # Its exit code counts findings.
    run([*argv, *SECTIONS, target.name], env=data, check=False, timeout=180)
    return parse(report.read_text())


def parse(text: str) -> list[Finding]:
    """Findings of MEDIUM severity or above; FATAL, when it could not go on, counts as one."""
    lines = json.loads(text)
    assert any(line["id"] == "scanTime" for line in lines), f"testssl did not finish: {lines[-3:]}"
    return [
        Finding("testssl", line["id"], line["severity"], line["finding"])
        for line in lines
        if line["severity"] in SERIOUS | {"FATAL"}
    ]


def of_the_server(findings: list[Finding]) -> list[Finding]:
    """Those that are not the test authority's."""
    return [finding for finding in findings if finding.id not in OF_THE_TEST_AUTHORITY]
