"""The files of a front server's sites, whichever front server it is: who wrote them, and what they claim."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from seawall.agent.errors import DomainTaken

DPKG_STATUS = "/var/lib/dpkg/status"
#: What sites use that a sandbox takes from a front server, and how that is told from their text.
NEEDS = {"home": r"[\s:\"']/(home|root)/", "tmp": r"[\s:\"'](/var)?/tmp/"}


def readable(path: Path) -> bool:
    """Whether there is a file that we may read: on one's own machine we need not be root."""
    return os.access(path, os.R_OK) and path.is_file()


def refuse_taken(domains: Sequence[str], named: set[str], site: Path) -> None:
    """Raise DomainTaken if a site of somebody else, which goes by ``named``, has one of ``domains``."""
    taken = sorted({domain.lower() for domain in domains} & named)
    if taken:
        raise DomainTaken(
            f"{taken[0]} is already served by another site on this host",
            place=str(site),
            state="nothing was changed",
            remedy="remove the domain there, or choose another in `domains`",
        )


def needs_of(texts: Iterable[str]) -> list[str]:
    """Those of ``NEEDS`` that sites have."""
    read = list(texts)
    return [name for name, pattern in NEEDS.items() if any(re.search(pattern, text) for text in read)]


def is_stock(site: Path, target: str, original: str, status: str = DPKG_STATUS) -> bool:
    """Whether a site is the link that its package made, to a file that is as the package brought it (dpkg(1),
    Conffiles)."""
    try:
        if not site.is_symlink() or str(site.readlink()) != target:
            return False
        digest = hashlib.md5(site.read_bytes(), usedforsecurity=False).hexdigest()
        return f"\n {original} {digest}\n" in Path(status).read_text(errors="replace")
    except OSError:
        return False
