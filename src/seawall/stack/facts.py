"""What the stack needs to know of a host: part of what the agent says of it when a session starts."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from seawall.agent.data.vocabulary import Database, database_from_wire
from seawall.agent.vocabulary import Measured, measured_from_wire

#: The nginx that a distribution installs, for a host that has none yet: the site must not change when it arrives.
DISTRIBUTED_NGINX = {
    ("debian", "11"): (1, 18),
    ("debian", "12"): (1, 22),
    ("debian", "13"): (1, 26),
    ("ubuntu", "22.04"): (1, 18),
    ("ubuntu", "24.04"): (1, 24),
}
#: What the host's memory is counted in, bytes.
PIECE = 256 << 20
#: The OpenSSL that comes with it.
DISTRIBUTED_OPENSSL = {("debian", "11"): (1, 1), ("debian", "13"): (3, 5)}


@dataclass(frozen=True)
class Facts:
    """A host as the agent found it. Text is "" and a number 0 where the host did not say.

    ``address`` is the one the session reached the host by; ``python`` and ``nginx_version`` look like ``3.11.2``.
    ``default_servers`` are the sites of nginx that answer for unknown host names, each as ``ADDRESS PATH``;
    ``nginx_sizes`` the sizes of its tables that somebody has set; ``nginx_needs`` what its sites use that a sandbox
    would take from it, ``nginx_sites`` the files of its sites, and ``nginx_modules`` which of gzip_static,
    brotli_static and brotli it has, or will have once it is installed. The same is known of Apache; ``apache_ports``
    are those that its files tell it to listen on. ``fronts_up`` are the names of the front servers that run,
    ``redis_servers`` the units of apps' own Redis servers, each as ``UNIT BYTES`` with the memory of its data.
    ``archives`` are the apps for which the changes of PostgreSQL are archived.
    ``postgresql_version`` is that of the PostgreSQL that is there already, ``connections`` how many of it other apps
    may hold; ``mariadb`` says whether there is a MariaDB, ``mariadb_connections`` the same of it. ``pool_unused`` says
    that there is a PgBouncer of seawall's, and that no other app of the host uses it; ``databases`` are the app's own
    there, the one that it has and those that it had. ``measured`` is the memory of the app's releases, the live one's
    first, then the newest's; ``other_apps`` what the live releases of other apps take, in bytes, 0 where that is not
    known.
    """

    os_id: str = ""
    os_version: str = ""
    cores: int = 1
    memory_bytes: int = 0
    python: str = ""
    architecture: str = ""
    nginx_version: str = ""
    address: str = ""
    ipv6: bool = True
    openssl_version: str = ""
    default_servers: tuple[str, ...] = ()
    nginx_sizes: tuple[str, ...] = ()
    nginx_needs: tuple[str, ...] = ()
    nginx_modules: tuple[str, ...] = ("gzip_static",)
    nginx_sites: tuple[str, ...] = ()
    apache_version: str = ""
    apache_sites: tuple[str, ...] = ()
    apache_default_servers: tuple[str, ...] = ()
    apache_ports: tuple[str, ...] = ()
    apache_needs: tuple[str, ...] = ()
    postgresql_version: str = ""
    connections: int = 0
    mariadb: bool = False
    mariadb_connections: int = 0
    pool_unused: bool = False
    databases: tuple[Database, ...] = ()
    fronts_up: tuple[str, ...] = ()
    redis_servers: tuple[str, ...] = ()
    archives: tuple[str, ...] = ()
    measured: tuple[Measured, ...] = ()
    other_apps: tuple[tuple[str, int], ...] = ()

    def with_memory(self, told: Mapping[str, Any]) -> Facts:
        """These facts, and what the agent says of memory when it hears which app is meant."""
        measured = tuple(measured_from_wire(one) for one in told["measured"])
        others = tuple(sorted(told["others"].items()))
        kept = {name: told[name] for name in ("connections", "mariadb_connections", "pool_unused")}
        databases = tuple(database_from_wire(one) for one in told["databases"])
        return replace(self, measured=measured, other_apps=others, databases=databases, **kept)

    def part_of_memory(self, share: int, unknown: int) -> int:
        """One of ``share`` parts of the host's memory, in bytes; ``unknown`` where it did not say what it has.

        It is counted in pieces, so that a new kernel, which leaves a little more or less of it, changes no setting.
        """
        return max(PIECE, round((self.memory_bytes or unknown) / PIECE) * PIECE) // share

    @classmethod
    def from_wire(cls, hello: Mapping[str, Any]) -> Facts:
        """The facts among what the agent says; it says more than the stack needs."""
        wanted = {field.name for field in fields(cls)}
        known: dict[str, Any] = {name: value for name, value in hello.items() if name in wanted}
        lists: dict[str, Any] = {name: tuple(value) for name, value in known.items() if isinstance(value, list)}
        return cls(**{**known, **lists})

    @property
    def python_version(self) -> tuple[int, ...]:
        """The first two numbers of the host's own Python, ``()`` where it did not say."""
        return _numbers(self.python)[:2]

    @property
    def nginx(self) -> tuple[int, ...]:
        """nginx's version, or the one this host would install, or ``(1, 18)``, the oldest that is supported."""
        if self.nginx_version:
            return _numbers(self.nginx_version)
        return DISTRIBUTED_NGINX.get((self.os_id, self.os_version), (1, 18))

    @property
    def openssl(self) -> tuple[int, ...]:
        """The version of nginx's OpenSSL, or of the one this host would install, or ``(3, 0)``."""
        if self.openssl_version:
            return _numbers(self.openssl_version)
        return DISTRIBUTED_OPENSSL.get((self.os_id, self.os_version), (3, 0))


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version))
