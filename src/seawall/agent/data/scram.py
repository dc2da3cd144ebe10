"""How PostgreSQL keeps a password (RFC 5802, RFC 7677, RFC 5803): what it can check one by, and not the password.

Made here, so that the password itself is in no statement, and so in no log of the server's.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import re

#: PostgreSQL's own numbers (its documentation, "scram_iterations"; src/include/common/scram-common.h).
ITERATIONS, SALT_BYTES = 4096, 16
_VERIFIER = re.compile(r"SCRAM-SHA-256\$(?P<iterations>\d+):(?P<salt>[^$]+)\$(?P<stored>[^:]+):(?P<server>.+)")


def verifier(password: str, salt: bytes = b"", iterations: int = ITERATIONS) -> str:
    """What a server needs to check ``password``, with a random salt unless one is given."""
    salt = salt or os.urandom(SALT_BYTES)
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, iterations)
    stored = hashlib.sha256(_mac(salted, b"Client Key")).digest()
    return f"SCRAM-SHA-256${iterations}:{_text(salt)}${_text(stored)}:{_text(_mac(salted, b'Server Key'))}"


def fits(password: str, kept: str) -> bool:
    """Whether what a server keeps is of this password; of one that is kept in another way it is not."""
    found = _VERIFIER.fullmatch(kept)
    if found is None:
        return False
    wanted = verifier(password, base64.b64decode(found["salt"]), int(found["iterations"]))
    return hmac.compare_digest(wanted, kept)


def _mac(key: bytes, text: bytes) -> bytes:
    return hmac.new(key, text, hashlib.sha256).digest()


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()
