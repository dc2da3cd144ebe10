"""certbot: what it keeps of a certificate, asking it for one, and what the authority said if it got none."""

from __future__ import annotations

import json
import re
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from seawall.agent import process
from seawall.agent.certificates import reading
from seawall.agent.errors import CertificateFailed, CommandFailed
from seawall.agent.files import remove_tree
from seawall.agent.owned import RENEWAL
from seawall.agent.vocabulary import AcmeCertificate

CONFIGURATION = Path("/etc/letsencrypt")
#: Where certbot writes what the authority answered; each run begins a new file.
LOG = Path("/var/log/letsencrypt/letsencrypt.log")
TIMEOUT = 300.0  #: seconds that one run may take: an authority looks at every name, and may be slow
BUSY = 120.0  #: seconds to wait for another run of certbot to end
#: certbot's words for another run that holds its lock (certbot/_internal/lock.py).
ANOTHER = "Another instance of Certbot is already running"
#: The authority's errors in the log (RFC 8555, 6.7), as the JSON of a problem document (RFC 7807).
PROBLEM = re.compile(r'\{[^{}]*"type":\s*"urn:ietf:params:acme:error:[^{}]*\}')
RETRY_AFTER = re.compile(r"^Retry-After:\s*(.+?)\s*$", re.MULTILINE | re.IGNORECASE)
RATE_LIMITED = "rateLimited"


@dataclass(frozen=True)
class Lineage:
    """What certbot keeps under a name: its files, and the directory URL of the authority they are from."""

    certificate: bytes
    server: str


def lineage(name: str) -> Lineage | None:
    """What certbot keeps and renews under ``name``, None where it does not."""
    try:
        settings = Path(f"{RENEWAL}/{name}.conf").read_text()
        certificate = (live(name) / "fullchain.pem").read_bytes()
    except OSError:
        return None
    server = re.search(r"^server\s*=\s*(\S+)", settings, re.MULTILINE)
    return Lineage(certificate, server[1] if server else "")


def live(name: str) -> Path:
    """The folder with the latest certificate of a name (certbot(1), "Where are my certificates?")."""
    return CONFIGURATION / "live" / name


def forget(name: str) -> None:
    """Remove the keys and certificates of a name that certbot renews no more, as `certbot delete` does."""
    if Path(f"{RENEWAL}/{name}.conf").exists():
        return
    for folder in ("live", "archive"):
        remove_tree(str(CONFIGURATION / folder / name))


def mend(name: str) -> None:
    """A power cut may leave certbot with empty files, over which it would stumble for ever: it then begins anew."""
    if not _is_whole(name):
        Path(f"{RENEWAL}/{name}.conf").unlink(missing_ok=True)
        forget(name)


def _is_whole(name: str) -> bool:
    """Whether certbot could go on with what it keeps."""
    try:
        key = (live(name) / "privkey.pem").read_bytes()
        kept = lineage(name)
        return kept is not None and bool(kept.server and reading.read_pem(kept.certificate)) and b"PRIVATE KEY" in key
    except (OSError, ValueError):
        return False


def must_be_there() -> None:
    """Raises CertificateFailed where certbot is not installed."""
    if shutil.which("certbot", path=process.PATH) is None:
        raise CertificateFailed(
            "certbot is not installed on this host",
            remedy="run 'apt-get install certbot' there and correct what it says, then run it again",
        )


def obtain(wanted: AcmeCertificate, hear: Callable[[str], None], *more: str) -> None:
    """Have certbot get a certificate, and put it in place through ``wanted.install``.

    ``more`` are further options. Raises CertificateFailed with what the authority said.
    """
    mend(wanted.name)
    deadline = time.monotonic() + BUSY
    while True:
        begun = time.time()
        completed = _run([*command(wanted), *more], wanted, hear)
        if completed.returncode == 0:
            return
        another = ANOTHER in completed.output
        if not another or time.monotonic() > deadline:
            raise failure(completed.output, "" if another else _log(begun))
        time.sleep(2)


def command(wanted: AcmeCertificate) -> list[str]:
    """certbot's command line (certbot(1)); what renewals need of it certbot keeps."""
    domains = [word for domain in wanted.domains for word in ("-d", domain)]
    who = ["--email", wanted.email, "--no-eff-email"] if wanted.email else ["--register-unsafely-without-email"]
    return [
        *("certbot", "certonly", "--non-interactive", "--agree-tos", *who),
        *("--server", wanted.directory, "--cert-name", wanted.name, *domains, "--renew-with-new-domains"),
        *("--webroot", "--webroot-path", wanted.challenges, "--preferred-challenges", "http"),
        *("--key-type", "ecdsa", "--elliptic-curve", "secp256r1", "--deploy-hook", wanted.install),
    ]


def _run(words: list[str], wanted: AcmeCertificate, hear: Callable[[str], None]) -> process.Completed:
    trust = {"REQUESTS_CA_BUNDLE": wanted.directory_ca} if wanted.directory_ca else {}
    try:
        return process.run(words, timeout=TIMEOUT, env=trust, on_line=hear)
    except CommandFailed as error:
        raise CertificateFailed(error.fact, remedy="run it again", output=error.output) from error


def failure(output: str, log: str) -> CertificateFailed:
    """What went wrong, in the authority's own words where it said any."""
    problem = _last_problem(log)
    if problem is None:
        return CertificateFailed(
            "certbot got no certificate", place=str(LOG), remedy="see its words below", output=process.tail(output)
        )
    kind = str(problem.get("type", "")).rpartition(":")[2]
    detail = str(problem.get("detail") or kind)
    if kind == RATE_LIMITED:
        return CertificateFailed(
            f"the authority issues no more certificates for now (rate limit): {detail}",
            place=str(LOG),
            remedy=f"try again {_when(log)}; until then every try counts against you",
        )
    return CertificateFailed(
        f"the authority refused ({kind}): {detail}",
        place=str(LOG),
        remedy="remove the cause, then run it again",
        output=process.tail(output),
    )


def _last_problem(log: str) -> dict[str, object] | None:
    for text in reversed(PROBLEM.findall(log)):
        try:
            problem = json.loads(text)
        except ValueError:
            continue
        if isinstance(problem, dict):
            return problem
    return None


def _when(log: str) -> str:
    """When the authority wants to be asked again: seconds or a date (RFC 9110, 10.2.3)."""
    found = RETRY_AFTER.findall(log)
    if not found:
        return "in some hours"
    if not found[-1].isdigit():
        return f"after {found[-1]}"
    return f"after {time.strftime('%Y-%m-%d %H:%M UTC', time.gmtime(time.time() + int(found[-1])))}"


def _log(since: float) -> str:
    """What certbot wrote since then, in seconds since 1970: one that could not even begin leaves an older run's log."""
    try:
        return LOG.read_text(errors="replace") if LOG.stat().st_mtime >= since - 1 else ""
    except OSError:
        return ""
