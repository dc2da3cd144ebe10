"""What would make a deployment fail late or disturb others, found before anything changes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from seawall.agent.errors import DomainTaken

#: Where Debian's and nginx's own packages look for sites.
SITES = ("/etc/nginx/sites-enabled", "/etc/nginx/conf.d")


def domains_free(domains: Sequence[str], own_site: str, folders: Sequence[str] = SITES) -> None:
    """Raise DomainTaken if a site of somebody else names one of ``domains`` (nginx's ``server_name``)."""
    wanted = {domain.lower() for domain in domains}
    for folder in folders:
        for site in sorted(Path(folder).glob("*")):
            if site.name == own_site or not site.is_file():
                continue
            taken = sorted(wanted & _server_names(site.read_text(errors="replace")))
            if taken:
                raise DomainTaken(
                    f"{taken[0]} is already served by another site on this host",
                    place=str(site),
                    state="nothing was changed",
                    remedy="remove the domain there, or choose another in `domains`",
                )


def _server_names(text: str) -> set[str]:
    uncommented = re.sub(r"#.*", "", text)
    found = re.findall(r"\bserver_name\s+([^;]+);", uncommented)
    return {name.lower() for names in found for name in names.split()}
