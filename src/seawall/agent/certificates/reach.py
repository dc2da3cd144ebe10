"""Whether an authority would find the site, looked at before it is asked.

Authorities count failed attempts (Let's Encrypt allows five an hour for a name), so what can be seen from here is seen
here: where each name points, and whether what lies in the folder of challenges comes back under it (RFC 8555, 8.3).
"""

from __future__ import annotations

import ipaddress
import json
import os
import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from seawall.agent import files, process
from seawall.agent.errors import CertificateFailed, CommandFailed
from seawall.agent.vocabulary import AcmeCertificate

RESOLVING = 10.0  #: seconds that finding a name's addresses may take
ASKING = 5.0  #: seconds that one answer may take
PORT = 80  #: where authorities ask (RFC 8555, 8.3)
#: Where the answers are expected, below the site's root and in the folder alike (RFC 8555, 8.3).
WELL_KNOWN = ".well-known/acme-challenge"

#: What an address answered: our token; something else; nothing at all.
OURS, OTHER, SILENT = "ours", "other", "silent"


@dataclass(frozen=True)
class Heard:
    """What came of asking one address for the token, and that in words."""

    address: str
    what: str
    words: str = ""


def check_authority(directory: str, authorities: str) -> None:
    """Raise CertificateFailed unless the authority's directory can be read (RFC 8555, 7.1.1)."""
    import ssl
    import urllib.error
    import urllib.request

    remedy = "see that the host reaches it, or correct tls.directory; then run it again"
    try:
        context = ssl.create_default_context(cafile=authorities or None)
    except OSError as error:  # an ssl.SSLError, where the file holds no certificate, is one too
        raise CertificateFailed(
            f"the authority's own certificate cannot be read: {error.strerror or error}",
            place=authorities,
            remedy="correct tls.directory_ca, or put the file there",
        ) from error
    try:
        # The scheme is https: the configuration takes no other.
        with urllib.request.urlopen(directory, timeout=ASKING * 2, context=context) as answer:  # noqa: S310
            found = json.load(answer)
    except urllib.error.HTTPError as error:
        raise CertificateFailed(
            f"the authority's directory answers {error.code} {error.reason}",
            place=directory,
            remedy="try again later; if it stays so, correct tls.directory",
        ) from error
    except ssl.SSLError as error:
        raise _untrusted(directory, authorities, error) from error
    except OSError as error:
        reason = getattr(error, "reason", error)
        if isinstance(reason, ssl.SSLError):
            raise _untrusted(directory, authorities, reason) from error
        raise CertificateFailed(f"the authority cannot be reached: {reason}", place=directory, remedy=remedy) from error
    except ValueError:
        found = None
    if not isinstance(found, dict) or "newOrder" not in found:
        raise CertificateFailed("this is no directory of an ACME authority", place=directory, remedy=remedy)


def _untrusted(directory: str, authorities: str, error: Exception) -> CertificateFailed:
    return CertificateFailed(
        f"the authority's own https address is not trusted: {error}",
        place=directory,
        remedy=f"correct {authorities} on the host"
        if authorities
        else "set tls.directory_ca to the file of a private authority's certificate",
    )


def check_domains(wanted: AcmeCertificate) -> None:
    """Raise CertificateFailed, naming every domain under which the authority would not find this host."""
    known = own_addresses() | {wanted.address}
    with _token(wanted.challenges) as token:
        troubles = [trouble for domain in wanted.domains if (trouble := _trouble(domain, token, known))]
    if troubles:
        raise CertificateFailed(
            "; ".join(fact for fact, _ in troubles),
            remedy="; ".join(dict.fromkeys(remedy for _, remedy in troubles)) + "; then run it again",
        )


def _trouble(domain: str, token: str, known: set[str]) -> tuple[str, str] | None:
    """What keeps the authority from finding this host under ``domain``, and what to do; None for nothing."""
    addresses = resolve(domain)
    if not addresses:
        return f"{domain} does not resolve", "add the missing DNS records, which must point to this host"
    return judge(domain, [ask(address, domain, token) for address in addresses], known)


def judge(domain: str, heard: Sequence[Heard], known: set[str]) -> tuple[str, str] | None:
    """The same, from what each of the domain's addresses answered. ``known`` are the addresses that are this host's.

    A silent address does no harm beside one that answers: the authority tries the other, too. An address that is known
    to be ours and is silent may be so from here only (a router that does not lead back), so the authority is to judge.
    """
    elsewhere = [one for one in heard if one.what != OURS and one.address not in known]
    wrong = [one for one in heard if one.what == OTHER]
    if not wrong and any(one.what == OURS for one in heard):
        return None
    if elsewhere:
        ours = ", ".join(sorted(filter(_is_public, known))) or "no address of its own"
        return (
            f"{domain} points to {', '.join(one.address for one in elsewhere)}, which {elsewhere[0].words}; "
            f"this host has {ours}",
            "correct the DNS records, which must point to this host alone",
        )
    worst = wrong[0] if wrong else heard[0]
    if worst.what == SILENT and worst.address not in own_addresses():
        return None
    return (
        f"port 80 of {domain} ({worst.address}) {worst.words}",
        "see what listens on port 80 (`ss -ltnp 'sport = :80'` on the host) and whether a firewall is before it",
    )


def _is_public(address: str) -> bool:
    """Whether others may reach this host by it; what a person wrote for the host may be a name, too."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return False
    return not (found.is_loopback or found.is_link_local)


def resolve(domain: str) -> list[str]:
    """The addresses of a name; none where it has none, or none were found in time."""
    found: list[str] = []

    def look() -> None:
        try:
            answers = socket.getaddrinfo(domain, PORT, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError):
            return
        found.extend(dict.fromkeys(str(answer[4][0]) for answer in answers))

    thread = threading.Thread(target=look, daemon=True)  # getaddrinfo(3) takes no time limit
    thread.start()
    thread.join(RESOLVING)
    return list(found)


def ask(address: str, domain: str, token: str) -> Heard:
    """Ask an address for the token, as the authority would: over http, under the domain's name."""
    import http.client

    connection = http.client.HTTPConnection(address, PORT, timeout=ASKING)
    path = f"/{WELL_KNOWN}/{token}"
    try:
        connection.request("GET", path, headers={"Host": domain, "Connection": "close"})
        answer = connection.getresponse()
        text = answer.read(len(token) + 1).decode("latin-1")
    except OSError as error:
        return Heard(address, SILENT, f"cannot be reached over http ({error.strerror or error})")
    except http.client.HTTPException:
        return Heard(address, OTHER, "does not speak http")
    finally:
        connection.close()
    # The authority follows redirects; so does what stands before a host and leads all to https.
    if text == token or answer.getheader("Location", "").endswith(path):
        return Heard(address, OURS)
    return Heard(address, OTHER, f"answers with something else ({answer.status} {answer.reason})")


def own_addresses() -> set[str]:
    """The addresses of this host's interfaces (ip-address(8))."""
    try:
        shown = process.check(["ip", "-json", "address"], timeout=10).stdout
        return {str(entry["local"]) for link in json.loads(shown) for entry in link["addr_info"]}
    except (CommandFailed, ValueError, KeyError):
        return set()


@contextmanager
def _token(folder: str) -> Iterator[str]:
    """A file in the folder of challenges that holds its own name."""
    token = f"seawall-{os.urandom(16).hex()}"
    path = Path(folder) / WELL_KNOWN / token
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o755)
    for made in (path.parent, path.parent.parent):
        made.chmod(0o755)  # whatever the umask: the front server reads them
    files.write_atomic(str(path), token.encode(), 0o644)
    try:
        yield token
    finally:
        path.unlink(missing_ok=True)
