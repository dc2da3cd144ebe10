"""What is there of Apache that a deployment must not disturb: other sites, and what they need."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from seawall.agent.site_files import is_stock, needs_of, readable, refuse_taken

ROOT = "/etc/apache2"
SITES, CONFS = f"{ROOT}/sites-enabled", f"{ROOT}/conf-enabled"
#: What all of seawall's apps share: who answers for unknown names, and modules.
OURS = ("000-seawall.conf", "000-seawall.tls.conf")
SHARED = ("seawall.conf", "seawall.tls.conf")
#: The welcome page that Debian's package enables: a link to a file of the package.
STOCK_LINK = f"{SITES}/000-default.conf"
STOCK_TARGET = "../sites-available/000-default.conf"
STOCK_SITE = f"{ROOT}/sites-available/000-default.conf"
#: What a fresh installation enables for every site.
STOCK_CONFS = frozenset(
    f"{name}.conf"
    for name in ("charset", "localized-error-pages", "other-vhosts-access-log", "security", "serve-cgi-bin")
)
#: What makes a file show something to visitors.
SHOWS = re.compile(r"^\s*(<VirtualHost|<Location|Alias|\w*ScriptAlias|ProxyPass)", re.MULTILINE | re.IGNORECASE)
#: An app's own site; one that is known by its address comes first.
APP_SITE = re.compile(r"(000-)?seawall-(?P<app>.+)\.conf")
#: Modules that compile as they run.
COMPILERS = ("*php*.load", "*lua*.load", "*python*.load", "*wsgi*.load", "*perl*.load", "*passenger*.load")


def domains_free(domains: Sequence[str], own_site: str, folder: str = SITES) -> None:
    """Raise DomainTaken if a site of somebody else names one of ``domains``."""
    for site in _sites(folder):
        if site.name != own_site:
            refuse_taken(domains, _server_names(site.read_text(errors="replace")), site)


def sites(folder: str = SITES, confs: str = CONFS) -> list[str]:
    """The files of all sites, without seawall's catch-alls and the distribution's welcome page as it came; and those
    that packages enable for every site, as phpMyAdmin's does."""
    enabled = [path for path in _others(confs) if path.name not in STOCK_CONFS and readable(path)]
    shown = [path for path in enabled if SHOWS.search(path.read_text(errors="replace"))]
    return [str(path) for path in (*_sites(folder), *shown)]


def default_servers(folder: str = SITES) -> list[str]:
    """Where a site of somebody else answers for unknown names, as the first of a port does: ``PORT PATH``."""
    found: dict[str, str] = {}
    for site in _sites(folder):
        if not APP_SITE.fullmatch(site.name):
            for port in _virtual_hosts(site.read_text(errors="replace")):
                found.setdefault(port, str(site))
    return [f"{port} {path}" for port, path in found.items()]


def ports(root: str = ROOT) -> list[str]:
    """The ports that files of others tell Apache to listen on (mpm_common, Listen)."""
    found: set[str] = set()
    for path in (Path(root, "ports.conf"), *_others(f"{root}/conf-enabled"), *_others(f"{root}/sites-enabled")):
        if readable(path):
            listens = re.findall(r"^\s*Listen\s+(\S+)", path.read_text(errors="replace"), re.MULTILINE | re.IGNORECASE)
            found |= {where.rpartition(":")[2] for where in listens}
    return sorted(found)


def needs(root: str = ROOT) -> list[str]:
    """What Apache must keep here: `home` and `tmp`, for sites that reach there, and `jit`, for modules' compilers."""
    texts = [path.read_text(errors="replace") for path in _others(f"{root}/sites-enabled") if readable(path)]
    enabled = Path(root, "mods-enabled")
    compiles = any(any(enabled.glob(pattern)) for pattern in COMPILERS)
    return needs_of(re.sub(r"^\s*#.*", "", text, flags=re.MULTILINE) for text in texts) + (["jit"] if compiles else [])


def _server_names(text: str) -> set[str]:
    """The names that the sites of a file answer to (core, ServerName and ServerAlias)."""
    found = re.findall(r"^\s*Server(?:Name|Alias)\s+([^\n#]+)", text, re.MULTILINE | re.IGNORECASE)
    names = (name.strip("\"'").lower().rpartition("//")[2] for line in found for name in line.split())
    return {re.sub(r":\d+$", "", name) for name in names}


def _sites(folder: str) -> Iterator[Path]:
    for site in _others(folder):
        ours = not readable(site) or (str(site) == STOCK_LINK and is_stock(site, STOCK_TARGET, STOCK_SITE))
        if not ours and "<virtualhost" in site.read_text(errors="replace").lower():
            yield site


def _others(folder: str) -> list[Path]:
    """What is enabled in a folder, without what all of seawall's apps share."""
    return [path for path in sorted(Path(folder).glob("*.conf")) if path.name not in (*OURS, *SHARED)]


def _virtual_hosts(text: str) -> Iterator[str]:
    """The ports of the virtual hosts that stand for every address (core, VirtualHost)."""
    for addresses in re.findall(r"^\s*<VirtualHost\s+([^>]+)>", text, re.MULTILINE | re.IGNORECASE):
        for address in addresses.split():
            host, _, port = address.strip("\"'").rpartition(":")
            if host in ("*", "_default_") and port.isdigit():
                yield port
            elif address in ("*", "_default_"):
                yield from ("80", "443")
