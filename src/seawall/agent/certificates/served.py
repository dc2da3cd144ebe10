"""The certificate that visitors are shown, seen by asking the front server on this host."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable

from seawall.agent.certificates.reading import Reading, read

#: Where the front server listens for https on its own host.
HERE = ("127.0.0.1", 443)
TIMEOUT = 5.0  #: seconds that a handshake may take
#: Seconds before its end from which a certificate that nobody has renewed wants looking at; of short-lived ones a sixth
#: of their life. certbot renews with thirty days left, twice a day: many tries have failed by then.
WORRY = 14 * 86400
PATIENCE = 10.0  #: seconds in which a reload should have come to an end


def served(domain: str, where: tuple[str, int] = HERE) -> Reading:
    """What a visitor of ``domain`` is shown (SNI, RFC 6066, 3). Raises OSError, ValueError.

    Who signed it is not asked: it is looked at, not trusted.
    """
    import ssl  # late: slow to import, and a plan needs it not

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    connection = socket.create_connection(where, TIMEOUT)
    with connection, context.wrap_socket(connection, server_hostname=domain) as talk:
        shown = talk.getpeercert(binary_form=True)
    if not shown:
        raise ValueError("no certificate is shown")
    return read(shown)


def comes_to(wanted: str, look: Callable[[], Reading]) -> str:
    """Wait until visitors are shown the certificate with this fingerprint; "" if so, else what they are shown."""
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            shown = look()
        except (OSError, ValueError) as error:
            what = f"nothing ({error})"
        else:
            if shown.fingerprint == wanted:
                return ""
            what = f"another certificate, of {shown.by or 'nobody'}"
        if time.monotonic() > deadline:
            return what
        time.sleep(0.1)
