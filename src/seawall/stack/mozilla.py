"""What connections are encrypted with: Mozilla's server-side TLS 6.0, "intermediate", for every front server."""

from __future__ import annotations

from seawall.stack.facts import Facts

CIPHERS = ":".join(
    f"ECDHE-{signature}-{cipher}"
    for cipher in ("AES128-GCM-SHA256", "AES256-GCM-SHA384", "CHACHA20-POLY1305")
    for signature in ("ECDSA", "RSA")
)
#: Since 3.5 OpenSSL has the key exchange that quantum computers do not break.
MLKEM = (3, 5)


def curves(facts: Facts) -> str:
    """The profile's curves that the host's OpenSSL has, as it writes them.

    The question mark lets an OpenSSL that went back to an older one leave the curve out, instead of the server not
    starting (SSL_CTX_set1_curves_list(3)).
    """
    return ("?X25519MLKEM768:" if facts.openssl >= MLKEM else "") + "X25519:prime256v1:secp384r1"
