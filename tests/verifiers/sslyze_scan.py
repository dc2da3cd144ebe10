"""Run by the verifiers' own Python, never imported: what sslyze sees of one server, printed as JSON.

    python sslyze_scan.py ADDRESS PORT SERVER_NAME CA_FILE

sslyze's command line takes no private authority and asks only that a server lacks what Mozilla lacks, so
its library is used, and `mozilla.py` judges what it saw.
"""

import ipaddress
import json
import sys
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from sslyze import (
    CertificateInfoExtraArgument,
    ScanCommandsExtraArguments,
    Scanner,
    ServerNetworkLocation,
    ServerScanRequest,
    ServerScanResult,
)
from sslyze.mozilla_tls_profile.tls_config_checker import (
    SCAN_COMMANDS_NEEDED_BY_MOZILLA_CHECKER,
    MozillaTlsConfiguration,
    ServerNotCompliantWithTlsConfiguration,
    TlsConfigurationEnum,
    check_server_against_tls_configuration,
)
from sslyze.plugins.scan_commands import ScanCommand

VERSIONS = {
    "SSLv2": "ssl_2_0_cipher_suites",
    "SSLv3": "ssl_3_0_cipher_suites",
    "TLSv1": "tls_1_0_cipher_suites",
    "TLSv1.1": "tls_1_1_cipher_suites",
    "TLSv1.2": "tls_1_2_cipher_suites",
    "TLSv1.3": "tls_1_3_cipher_suites",
}


def main(address: str, port: str, server_name: str, ca_file: str) -> None:
    scanned = scan(address, int(port), server_name, Path(ca_file))
    report = {"reached": scanned.scan_result is not None, "problems": failed_commands(scanned)}
    if report["reached"] and not report["problems"]:
        report.update(seen(scanned))
    print(json.dumps(report, indent=1, sort_keys=True))


def scan(address: str, port: int, server_name: str, ca_file: Path) -> ServerScanResult:
    ipaddress.ip_address(address)
    request = ServerScanRequest(
        server_location=ServerNetworkLocation(hostname=server_name, port=port, ip_address=address),
        scan_commands={*SCAN_COMMANDS_NEEDED_BY_MOZILLA_CHECKER, ScanCommand.HTTP_HEADERS},
        scan_commands_extra_arguments=ScanCommandsExtraArguments(
            certificate_info=CertificateInfoExtraArgument(custom_ca_file=ca_file)
        ),
    )
    scanner = Scanner()
    scanner.queue_scans([request])
    return next(iter(scanner.get_results()))


def failed_commands(scanned: ServerScanResult) -> dict[str, str]:
    """The commands that came to nothing, with why."""
    if scanned.scan_result is None:
        return {"connection": str(scanned.connectivity_error_trace)}
    commands = {*SCAN_COMMANDS_NEEDED_BY_MOZILLA_CHECKER, ScanCommand.HTTP_HEADERS}
    attempts = {command.value: getattr(scanned.scan_result, command.value) for command in commands}
    return {name: f"{a.error_reason}: {a.error_trace}" for name, a in sorted(attempts.items()) if a.result is None}


def seen(scanned: ServerScanResult) -> dict[str, Any]:
    result = scanned.scan_result
    suites = {version: getattr(result, field).result for version, field in VERSIONS.items()}
    hsts = result.http_headers.result.strict_transport_security_header
    curves = result.elliptic_curves.result.supported_curves or []
    return {
        "versions": {
            version: sorted(accepted.cipher_suite.name for accepted in found.accepted_cipher_suites)
            for version, found in suites.items()
            if found.is_tls_version_supported
        },
        "curves": sorted(curve.name for curve in curves),
        "hsts": hsts and {"max_age": hsts.max_age, "include_subdomains": hsts.include_subdomains},
        "certificates": [certificate(d) for d in result.certificate_info.result.certificate_deployments],
        "against_5_7": against_5_7(scanned),
    }


def certificate(deployment: Any) -> dict[str, Any]:
    leaf: x509.Certificate = deployment.received_certificate_chain[0]
    key = leaf.public_key()
    return {
        "trusted": deployment.verified_certificate_chain is not None,
        "names": leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value.get_values_for_type(
            x509.DNSName
        ),
        "key": f"ecdsa {key.curve.name}" if isinstance(key, ec.EllipticCurvePublicKey) else type(key).__name__,
        "rsa_bits": key.key_size if isinstance(key, rsa.RSAPublicKey) else None,
        "hash": leaf.signature_hash_algorithm.name if leaf.signature_hash_algorithm else None,
        "days": (leaf.not_valid_after_utc - leaf.not_valid_before_utc).days,
        "stapled": deployment.ocsp_response is not None,
        "chain_in_order": deployment.received_chain_has_valid_order,
    }


def against_5_7(scanned: ServerScanResult) -> dict[str, str]:
    """What sslyze's own check against Mozilla's profile of version 5.7, the newest it has, complains of."""
    profile = MozillaTlsConfiguration.get(TlsConfigurationEnum.MOZILLA_INTERMEDIATE)
    try:
        check_server_against_tls_configuration(scanned, profile)
    except ServerNotCompliantWithTlsConfiguration as refused:
        return dict(refused.issues)
    return {}


if __name__ == "__main__":
    main(*sys.argv[1:])
