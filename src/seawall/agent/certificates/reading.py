"""What a certificate says of itself, read from its bytes.

Only what deciding takes is read (RFC 5280, 4.1): names, issuer, validity. A plan looks at a certificate each time, and
openssl would take longer than all the rest of it.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import ipaddress
import re
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timezone

BLOCK = re.compile(rb"-----BEGIN CERTIFICATE-----\s+(.+?)-----END CERTIFICATE-----", re.DOTALL)

#: The tags of DER that occur here (X.690, 8.1.2; RFC 5280, 4.1 and 4.2.1.6).
SEQUENCE, SET, OCTETS, OID, UTC_TIME = 0x30, 0x31, 0x04, 0x06, 0x17
VERSION, EXTENSIONS, DNS_NAME, IP_ADDRESS = 0xA0, 0xA3, 0x82, 0x87
#: subjectAltName (2.5.29.17), commonName (2.5.4.3) and organizationName (2.5.4.10).
ALT_NAMES, COMMON_NAME, ORGANIZATION = b"\x55\x1d\x11", b"\x55\x04\x03", b"\x55\x04\x0a"


@dataclass(frozen=True)
class Reading:
    """One certificate. Times are seconds since 1970; ``names`` are its DNS names and addresses, in lower case.

    ``subject`` and ``issuer`` are digests that tell names of authorities apart, ``by`` is the issuer in words.
    """

    names: tuple[str, ...]
    begins: float
    ends: float
    subject: str
    issuer: str
    by: str
    fingerprint: str

    @property
    def self_signed(self) -> bool:
        return self.subject == self.issuer

    @property
    def lifetime(self) -> float:
        """Seconds from its beginning to its end."""
        return self.ends - self.begins


def read_pem(data: bytes) -> tuple[Reading, ...]:
    """The certificates of a PEM file in their order, the site's own first (RFC 7468, 5.1). Raises ValueError."""
    try:
        blocks = [base64.b64decode(match[1]) for match in BLOCK.finditer(data)]
    except binascii.Error as error:
        raise ValueError("it is no base64") from error
    return tuple(read(block) for block in blocks)


def read(der: bytes) -> Reading:
    """One certificate in DER form. Raises ValueError for anything else."""
    try:
        return _read(der)
    except (IndexError, StopIteration, UnicodeDecodeError) as error:
        raise ValueError("it is no certificate") from error


def covers(names: Iterable[str], domain: str) -> bool:
    """Whether a certificate for ``names`` is good for ``domain``: a star stands for one label (RFC 6125, 6.4.3)."""
    wanted = normal(domain)
    return any(name in (wanted, "*." + wanted.partition(".")[2]) for name in names)


def normal(name: str) -> str:
    """A name or an address as certificates compare them."""
    try:
        return str(ipaddress.ip_address(name))
    except ValueError:
        return name.lower()


def date(seconds: float) -> str:
    """A moment as people write it: the day, UTC."""
    return time.strftime("%Y-%m-%d", time.gmtime(seconds))


def _read(der: bytes) -> Reading:
    tag, outer = next(_items(der))
    if tag != SEQUENCE:
        raise ValueError("it is no certificate")
    fields = list(_items(next(_items(outer))[1]))
    if fields[0][0] == VERSION:  # absent in version 1
        del fields[0]
    _serial, _algorithm, (_, issuer), (_, validity), (_, subject), *rest = fields
    begins, ends = (_seconds(tag, text) for tag, text in _items(validity))
    return Reading(
        names=tuple(_names(rest)),
        begins=begins,
        ends=ends,
        subject=hashlib.sha256(subject).hexdigest(),
        issuer=hashlib.sha256(issuer).hexdigest(),
        by=_in_words(issuer),
        fingerprint=hashlib.sha256(der).hexdigest(),
    )


def _items(data: bytes) -> Iterator[tuple[int, bytes]]:
    """The tags and contents of one DER value after the other (X.690, 8.1.3)."""
    at = 0
    while at < len(data):
        tag, length, at = data[at], data[at + 1], at + 2
        if length & 0x80:
            size = length & 0x7F
            length, at = int.from_bytes(data[at : at + size], "big"), at + size
        if at + length > len(data):
            raise ValueError("it is cut short")
        yield tag, data[at : at + length]
        at += length


def _seconds(tag: int, text: bytes) -> float:
    """RFC 5280, 4.1.2.5: a year of two digits below 50 is in this century."""
    digits = text.decode("ascii").rstrip("Z")
    if tag == UTC_TIME:
        digits = ("20" if int(digits[:2]) < 50 else "19") + digits
    # Not by strptime, which takes longer to import than all the rest to run.
    parts = [int(digits[:4]), *(int(digits[at : at + 2]) for at in range(4, 14, 2))]
    return datetime(*parts, tzinfo=timezone.utc).timestamp()  # type: ignore[misc,arg-type]


def _names(fields: Iterable[tuple[int, bytes]]) -> Iterator[str]:
    for tag, content in fields:
        if tag != EXTENSIONS:
            continue
        for _, extension in _items(next(_items(content))[1]):
            parts = list(_items(extension))
            if parts[0] == (OID, ALT_NAMES):
                yield from _alternatives(next(_items(parts[-1][1]))[1])


def _alternatives(names: bytes) -> Iterator[str]:
    for tag, value in _items(names):
        if tag == DNS_NAME:
            yield value.decode("ascii").lower()
        elif tag == IP_ADDRESS:
            yield str(ipaddress.ip_address(value))


def _in_words(name: bytes) -> str:
    """``Let's Encrypt, R11``: organization and common name."""
    found = {}
    for _, attributes in _items(name):
        for _, attribute in _items(attributes):
            (_, kind), (_, value) = _items(attribute)
            found[kind] = value.decode("utf-8", "replace")
    return ", ".join(found[kind] for kind in (ORGANIZATION, COMMON_NAME) if found.get(kind))
