"""How much one address may ask of a site, and which paths have limits of their own."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from seawall.config.model import Project
from seawall.config.security import Limits, RouteLimits
from seawall.errors import ConfigError

#: The host itself asks for its app's health, and is never limited.
LOOPBACK = ("127.0.0.0/8", "::1/128")
#: How long a stream may be silent, seconds.
STREAM_TIMEOUT = 3600
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
    """A part of the site that leads to the app, as nginx names it (``how``); "" and 0 are the site's own.

    A ``stream`` is passed on bit by bit; pages are kept for ``cached`` seconds, 0 for not at all.
    """

    how: str
    path: str
    rates: tuple[Rate, ...] = ()
    max_body: str = ""
    read_timeout: int = 0
    quiet: bool = False
    stream: bool = False
    cached: int = 0

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
    _check_paths(project)
    limits = project.limits
    site = _rate("rate", limits.rate, limits.burst)
    routes = {path: limits.routes[path] for path in sorted(limits.routes)}
    zones = {path: _rate(f"route{n}", route.rate, route.burst) for n, (path, route) in enumerate(routes.items(), 1)}
    parts = Parts(project.proxy.streams, project.proxy.cache.paths)
    declared = dict.fromkeys([*routes, *sorted({*parts.streams, *parts.cached} - routes.keys())])
    paths = dict.fromkeys([*_exact(declared, health), *declared, "/"])
    return SiteLimits(
        (*site, *(rate for rates in zones.values() for rate in rates)),
        limits.connections,
        _trusted(limits),
        tuple(
            parts.apply(_location(path, path in declared, routes.get(path), site + zones.get(path, ())), health)
            for path in paths
        ),
    )


@dataclass(frozen=True)
class Parts:
    """What holds for a path and, if that ends with a slash, for all below it, whatever else is said of those."""

    streams: tuple[str, ...]
    cached: Mapping[str, int]

    def apply(self, location: Location, health: str) -> Location:
        """A location with what holds for it. The health path must always be asked of the app."""
        if location.path == health:
            return replace(location, quiet=True)
        stream = any(_covers(path, location.path) for path in self.streams)
        keeping = [path for path in self.cached if _covers(path, location.path)]
        cached = self.cached[max(keeping, key=len)] if keeping and not stream else 0
        timeout = location.read_timeout or (STREAM_TIMEOUT if stream else 0)
        return replace(location, stream=stream, cached=cached, read_timeout=timeout)


def _covers(rule: str, path: str) -> bool:
    return path == rule or (rule.endswith("/") and path.startswith(rule))


def _location(path: str, declared: bool, route: RouteLimits | None, rates: tuple[Rate, ...]) -> Location:
    how = "" if path == "/" else "^~" if path.endswith("/") and declared else "="
    return Location(how, path, rates, route.max_body, route.read_timeout) if route else Location(how, path, rates)


def _exact(declared: Iterable[str], health: str) -> list[str]:
    """The paths with a location of their own that nobody declared: the health path, and each without its last slash,
    which nginx would else redirect instead of asking the app (ngx_http_core_module, location)."""
    bare = [path.rstrip("/") for path in declared if path.endswith("/") and path != "/"]
    return [path for path in (health, *bare) if path and path not in set(declared)]


def _rate(zone: str, rate: str, burst: int) -> tuple[Rate, ...]:
    return (Rate(zone, rate.replace("/", "r/"), burst),) if rate else ()


def _trusted(limits: Limits) -> tuple[str, ...]:
    """Each network once, or nginx warns."""
    networks = (str(ipaddress.ip_network(network)) for network in (*LOOPBACK, *limits.trusted))
    return tuple(dict.fromkeys(networks))


def _check_paths(project: Project) -> None:
    for path in project.limits.routes:
        _check(path, f'[limits.routes."{path}"]', project)
    for path in project.proxy.streams:
        _check(path, "[proxy] streams", project)
    for path in project.proxy.cache.paths:
        _check(path, "[proxy.cache] paths", project)


def _check(path: str, place: str, project: Project) -> None:
    if not _PLAIN_PATH.fullmatch(path) or {".", ".."} & set(path.split("/")):
        raise ConfigError(
            f"no request has the path {path}, as nginx sees it",
            place=place,
            remedy="write the path decoded, without a query and without double slashes",
        )
    if any(path.startswith(prefix) for prefix in project.static):
        raise ConfigError(
            f"{path} is a static file, which the app is not asked for", place=place, remedy="leave it out"
        )
