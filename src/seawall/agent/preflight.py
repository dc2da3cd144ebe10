"""What would make a deployment fail late or disturb others, found before anything changes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from seawall.agent.site_files import DPKG_STATUS, is_stock, needs_of, readable, refuse_taken

#: Where Debian's and nginx's own packages look for sites.
SITES = ("/etc/nginx/sites-enabled", "/etc/nginx/conf.d")
#: seawall's own catch-alls, which all apps of a host share; no app's site can be called so.
CATCH_ALLS = ("seawall.conf", "seawall.tls.conf")
#: The welcome page that Debian's package enables: a link to a file of the package.
STOCK_LINK = "/etc/nginx/sites-enabled/default"
STOCK_SITE = "/etc/nginx/sites-available/default"
MAIN = "/etc/nginx/nginx.conf"
#: How much room nginx has for names. Only the level of http takes these, and only once.
SIZES = ("variables_hash_max_size", "variables_hash_bucket_size", "server_names_hash_bucket_size")
MODULES = "/etc/nginx/modules-enabled"


def domains_free(domains: Sequence[str], own_site: str, folders: Sequence[str] = SITES) -> None:
    """Raise DomainTaken if a site of somebody else names one of ``domains`` (nginx's ``server_name``)."""
    for folder in folders:
        for site in _others(folder):
            if site.name != own_site:
                refuse_taken(domains, _server_names(site.read_text(errors="replace")), site)


def sites(folders: Sequence[str] = SITES, stock_link: str = STOCK_LINK, status: str = DPKG_STATUS) -> list[str]:
    """The files of all sites, without seawall's catch-alls and the distribution's welcome page as it came."""
    found = [site for folder in folders for site in _others(folder)]
    return [
        str(site)
        for site in found
        if re.search(r"^\s*server\s*\{", site.read_text(errors="replace"), re.MULTILINE)
        and not (str(site) == stock_link and is_stock(site, STOCK_SITE, STOCK_SITE, status))
    ]


def _server_names(text: str) -> set[str]:
    uncommented = re.sub(r"#.*", "", text)
    found = re.findall(r"\bserver_name\s+([^;]+);", uncommented)
    return {name.lower() for names in found for name in names.split()}


def default_servers(
    folders: Sequence[str] = SITES, stock_link: str = STOCK_LINK, status: str = DPKG_STATUS
) -> list[str]:
    """What answers for unknown host names here by somebody's wish: ``ADDRESS PATH``, say ``[::]:443 /etc/nginx/…``.

    seawall's own catch-alls are left out, and so is the distribution's welcome page as long as nobody changed it.
    """
    found = []
    for folder in folders:
        for site in _others(folder):
            addresses = sorted(set(_defaults(site.read_text(errors="replace"))))
            if addresses and not (str(site) == stock_link and is_stock(site, STOCK_SITE, STOCK_SITE, status)):
                found += [f"{address} {site}" for address in addresses]
    return found


def sizes(folders: Sequence[str] = SITES, main: str = MAIN) -> list[str]:
    """Those of ``SIZES`` that somebody has set here; seawall's own files do not count."""
    texts = _texts(folders, main)
    return [name for name in SIZES if any(re.search(rf"^\s*{name}\s", text, re.MULTILINE) for text in texts)]


def needs(folders: Sequence[str] = SITES, main: str = MAIN, modules: str = MODULES) -> list[str]:
    """What nginx must keep here: `home` and `tmp`, for sites that reach there, and `jit`, for Lua's compiler."""
    texts = [re.sub(r"#.*", "", text) for text in _texts(folders, main)]
    return [*needs_of(texts), *(["jit"] if list(Path(modules).glob("*lua*")) else [])]


def brotli(modules: str = MODULES) -> list[str]:
    """Which of nginx's modules for brotli are loaded, by the names that Debian's packages give their files."""
    kinds = {"brotli_static": "*brotli-static*", "brotli": "*brotli-filter*"}
    return [name for name, pattern in kinds.items() if list(Path(modules).glob(pattern))]


def _texts(folders: Sequence[str], main: str) -> list[str]:
    """All that nginx is told by its main file and by sites."""
    texts = [site.read_text(errors="replace") for folder in folders for site in _others(folder)]
    return [*texts, *([Path(main).read_text(errors="replace")] if readable(Path(main)) else [])]


def _others(folder: str) -> list[Path]:
    """The files in a folder of sites, without the catch-alls."""
    return [site for site in sorted(Path(folder).glob("*")) if site.name not in CATCH_ALLS and readable(site)]


def _defaults(text: str) -> Iterator[str]:
    """The addresses that stand for all of a port, among those a site is the default of (ngx_http_core_module)."""
    for words in re.findall(r"\blisten\s+([^;{}]+);", re.sub(r"#.*", "", text)):
        address, *parameters = words.split()
        if not {"default_server", "default"} & set(parameters):
            continue
        if address.isdigit() or address in ("*", "0.0.0.0") or address.startswith(("*:", "0.0.0.0:")):  # noqa: S104
            port = address.rpartition(":")[2]
            yield port if port.isdigit() else "80"
        elif address == "[::]" or address.startswith("[::]:"):
            yield address if address != "[::]" else "[::]:80"
