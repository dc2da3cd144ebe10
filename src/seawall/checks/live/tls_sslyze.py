"""What sslyze's own library sees of a site's TLS. Imported only where it is installed."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable, Mapping
from typing import Any

from sslyze.plugins.scan_commands import ScanCommand
from sslyze.scanner.models import ServerScanRequest
from sslyze.scanner.scanner import Scanner
from sslyze.server_setting import ServerNetworkConfiguration, ServerNetworkLocation

from seawall.checks.live.seen import Site, Tls

#: sslyze's names of the scans for each version, and ours of the version.
VERSIONS = {
    ScanCommand.SSL_2_0_CIPHER_SUITES: "SSLv2",
    ScanCommand.SSL_3_0_CIPHER_SUITES: "SSLv3",
    ScanCommand.TLS_1_0_CIPHER_SUITES: "TLSv1",
    ScanCommand.TLS_1_1_CIPHER_SUITES: "TLSv1.1",
    ScanCommand.TLS_1_2_CIPHER_SUITES: "TLSv1.2",
    ScanCommand.TLS_1_3_CIPHER_SUITES: "TLSv1.3",
}
HOLES: dict[ScanCommand, Callable[[Any], str]] = {
    ScanCommand.HEARTBLEED: lambda found: "Heartbleed" if found.is_vulnerable_to_heartbleed else "",
    ScanCommand.OPENSSL_CCS_INJECTION: lambda found: (
        "CCS injection (CVE-2014-0224)" if found.is_vulnerable_to_ccs_injection else ""
    ),
    ScanCommand.ROBOT: lambda found: "ROBOT" if found.robot_result.name.startswith("VULNERABLE") else "",
    ScanCommand.TLS_COMPRESSION: lambda found: "compression (CRIME)" if found.supports_compression else "",
    ScanCommand.SESSION_RENEGOTIATION: lambda found: (
        "renegotiation that clients may force" if found.is_vulnerable_to_client_renegotiation_dos else ""
    ),
    ScanCommand.TLS_1_3_EARLY_DATA: lambda found: (
        "early data, which can be replayed" if found.supports_early_data else ""
    ),
}
#: How many connections at once: it is a check, not a load test.
AT_ONCE = 5


def look(site: Site) -> Tls:
    """Versions, cipher suites, curves and known holes; nothing at all where the scan could not be made."""
    scanner = Scanner(per_server_concurrent_connections_limit=AT_ONCE)
    scanner.queue_scans([_wanted(site)])
    for result in scanner.get_results():
        if result.scan_result is not None:
            return _read(_completed(result.scan_result))
    return Tls()


def _wanted(site: Site) -> ServerScanRequest:
    address = socket.getaddrinfo(site.address, site.port, type=socket.SOCK_STREAM)[0][4][0]
    return ServerScanRequest(
        server_location=ServerNetworkLocation(site.domain, site.port, str(ipaddress.ip_address(address))),
        network_configuration=ServerNetworkConfiguration(tls_server_name_indication=site.domain),
        scan_commands={*VERSIONS, *HOLES, ScanCommand.ELLIPTIC_CURVES},
    )


def _completed(results: Any) -> dict[ScanCommand, Any]:
    """What each scan found, of those that could be made."""
    attempts = {
        command: getattr(results, command.value) for command in (*VERSIONS, *HOLES, ScanCommand.ELLIPTIC_CURVES)
    }
    return {command: attempt.result for command, attempt in attempts.items() if attempt.result is not None}


def _read(found: Mapping[ScanCommand, Any]) -> Tls:
    ciphers = {
        name: tuple(accepted.cipher_suite.openssl_name for accepted in found[command].accepted_cipher_suites)
        for command, name in VERSIONS.items()
        if command in found
    }
    curves = found.get(ScanCommand.ELLIPTIC_CURVES)
    return Tls(
        versions=tuple(name for name, accepted in ciphers.items() if accepted),
        ciphers=ciphers,
        curves=tuple(curve.name for curve in curves.supported_curves or ()) if curves else None,
        holes=tuple(hole for command, read in HOLES.items() if command in found and (hole := read(found[command]))),
    )
