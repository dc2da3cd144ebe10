"""How much one address may ask of a site, and which paths have limits of their own."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass

from seawall.config.model import Project
from seawall.config.security import Limits, RouteLimits
from seawall.errors import ConfigError

#: The host itself asks for its app's health, and is never limited.
LOOPBACK = ("127.0.0.0/8", "::1/128")
#: What nginx compares a path with is decoded and has no query, double slashes or dots for folders.
_PLAIN_PATH = re.compile(r"/([A-Za-z0-9._~!&'()*+,;=:@-]+/)*[A-Za-z0-9._~!&'()*+,;=:@-]*")


@dataclass(frozen=True)
class Rate:
    """A zone of nginx that counts requests: ``zone`` is its name's end, ``rate`` as nginx writes it (``10r/m``)."""

    zone: str
    rate: str
    burst: int


@dataclass(frozen=True)
class Location:
    """A part of the site that leads to the app, as nginx names it (``how``); "" and 0 are the site's own."""

    how: str
    path: str
    rates: tuple[Rate, ...] = ()
    max_body: str = ""
    read_timeout: int = 0
    quiet: bool = False

    @property
    def pattern(self) -> str:
        """The same as a regular expression."""
        end = {"": "", "=": "$", "^~": ""}[self.how]
        return f"^{re.escape(self.path)}{end}"


@dataclass(frozen=True)
class SiteLimits:
    """``trusted`` are the networks that are not limited, ``connections`` is 0 for no limit."""

    rates: tuple[Rate, ...]
    connections: int
    trusted: tuple[str, ...]
    locations: tuple[Location, ...]

    @property
    def any(self) -> bool:
        """Whether anything is counted by address."""
        return bool(self.rates or self.connections)


def of_site(project: Project, *, health: str = "") -> SiteLimits:
    """The limits of a project. ``health`` is the path of its health, "" where that is "/".

    Raises ConfigError for a route that nginx would never see, or that is a static file's.
    """
    limits = project.limits
    site = _rate("rate", limits.rate, limits.burst)
    routes = {path: limits.routes[path] for path in sorted(limits.routes)}
    zones = {path: _rate(f"route{n}", route.rate, route.burst) for n, (path, route) in enumerate(routes.items(), 1)}
    for path in routes:
        _check(path, project)
    paths = dict.fromkeys([*_exact(routes, health), *routes, "/"])
    return SiteLimits(
        (*site, *(rate for rates in zones.values() for rate in rates)),
        limits.connections,
        _trusted(limits),
        tuple(_location(path, routes.get(path), site + zones.get(path, ()), path == health) for path in paths),
    )


def _location(path: str, route: RouteLimits | None, rates: tuple[Rate, ...], quiet: bool) -> Location:
    how = "" if path == "/" else "^~" if path.endswith("/") and route else "="
    if route is None:
        return Location(how, path, rates, quiet=quiet)
    return Location(how, path, rates, route.max_body, route.read_timeout, quiet)


def _exact(routes: dict[str, RouteLimits], health: str) -> list[str]:
    """The paths with a location of their own that are no routes: the health path, and each route without its last
    slash, which nginx would else redirect instead of asking the app (ngx_http_core_module, location)."""
    bare = [path.rstrip("/") for path in routes if path.endswith("/") and path != "/"]
    return [path for path in (health, *bare) if path and path not in routes]


def _rate(zone: str, rate: str, burst: int) -> tuple[Rate, ...]:
    return (Rate(zone, rate.replace("/", "r/"), burst),) if rate else ()


def _trusted(limits: Limits) -> tuple[str, ...]:
    """Each network once, or nginx warns."""
    networks = (str(ipaddress.ip_network(network)) for network in (*LOOPBACK, *limits.trusted))
    return tuple(dict.fromkeys(networks))


def _check(path: str, project: Project) -> None:
    place = f'[limits.routes."{path}"]'
    if not _PLAIN_PATH.fullmatch(path) or {".", ".."} & set(path.split("/")):
        raise ConfigError(
            f"no request has the path {path}, as nginx sees it",
            place=place,
            remedy="write the path decoded, without a query and without double slashes",
        )
    if any(path.startswith(prefix) for prefix in project.static):
        raise ConfigError(
            f"{path} is a static file, and static files are not limited", place=place, remedy="leave it out"
        )
