"""The headers that the proxy adds to answers, unless the app's own answer has them already."""

from __future__ import annotations

from dataclasses import dataclass

from seawall.config.model import Project
from seawall.config.security import Headers
from seawall.errors import ConfigError

#: How each key of [headers] is called on the wire.
NAMES = {
    "content_security_policy": "Content-Security-Policy",
    "content_security_policy_report_only": "Content-Security-Policy-Report-Only",
    "content_type_options": "X-Content-Type-Options",
    "referrer_policy": "Referrer-Policy",
    "permissions_policy": "Permissions-Policy",
    "cross_origin_opener_policy": "Cross-Origin-Opener-Policy",
    "cross_origin_resource_policy": "Cross-Origin-Resource-Policy",
}
HSTS = "Strict-Transport-Security"
#: Headers that say how an answer travels (RFC 9110, 7.6.1 and 8.6; RFC 9112, 6.1), or that the server makes itself.
MADE_BY_SERVERS = frozenset(
    {"connection", "content-encoding", "content-length", "content-type", "date", "keep-alive", "server", "trailer"}
    | {"transfer-encoding", "upgrade", "x-cache", "x-request-id", "x-seawall-release"}
)
#: nginx reads a configuration in pieces of 4096 bytes, and a value must fit into one (ngx_conf_file.c).
LONGEST = 3900


@dataclass(frozen=True)
class Header:
    """``value`` may be anything in ASCII but control characters."""

    name: str
    value: str

    @property
    def key(self) -> str:
        """The name as nginx's variables have it: ``$upstream_http_KEY``."""
        return self.name.lower().replace("-", "_")


def added(project: Project, *, hsts: str = "") -> tuple[Header, ...]:
    """The headers of a project; ``hsts`` is the value of Strict-Transport-Security, "" for none.

    Raises ConfigError for one that is not the project's to set in this way.
    """
    headers = [Header(HSTS, hsts)] if hsts else []
    headers += [Header(name, getattr(project.headers, key)) for key, name in NAMES.items()]
    headers += [Header(name, value) for name, value in _others(project.headers)]
    for header in headers:
        if len(header.value) > LONGEST:
            raise ConfigError(
                f"the header {header.name} has {len(header.value)} characters, and nginx takes at most {LONGEST}",
                place="[headers]",
                remedy="shorten it, or let the app send it",
            )
    return tuple(header for header in headers if header.value)


def _others(headers: Headers) -> list[tuple[str, str]]:
    """Those of ``headers.other``, each once and none that has a key of its own."""
    own = {name.lower(): f"headers.{key}" for key, name in NAMES.items()}
    own[HSTS.lower()] = "tls.hsts_seconds"
    seen: set[str] = set()
    for name in headers.other:
        lower = name.lower()
        if lower in own:
            raise _refused(name, f"set {own[lower]} instead")
        if lower in MADE_BY_SERVERS or lower in seen:
            raise _refused(name, "leave it out: " + ("it is there twice" if lower in seen else "servers make it"))
        seen.add(lower)
    return list(headers.other.items())


def _refused(name: str, remedy: str) -> ConfigError:
    return ConfigError(f"headers.other cannot hold {name}", place="[headers] other", remedy=remedy)
