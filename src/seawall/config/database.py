"""The table of ``seawall.toml`` for the database."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from seawall.config.table import Table, setting
from seawall.config.values import DatabaseName, OptionalAddress, OptionalHost, OptionalPath, Size, UrlScheme, Variable

Kind = Literal["none", "postgresql", "mariadb", "sqlite", "external"]
Auto = Literal["auto"]

#: The kinds that are a server of the host's, with a role of the app's own and its password.
SERVERS: tuple[Kind, ...] = ("postgresql", "mariadb")


class Database(Table):
    """The app's database: installed, sized and guarded on the host, and given to the app as a URL."""

    kind: Kind = setting(
        "none",
        "Which database the app has. `postgresql` and `mariadb` are the distribution's, on the app's own host, reached "
        "over a unix socket alone, or PostgreSQL on one of its own (`host`); `sqlite` is a file among the app's data, "
        "for an app on one host that writes little; `external` is one that somebody else runs, whose URL is the secret "
        "that `variable` names: each deployment asks whether it is there, recent, encrypted as the URL wants, and lets "
        "the app in, before the release starts. The default leaves databases to you.",
        example="postgresql",
        becomes="the distribution's package, its settings by the host's memory, and a role and a database of the app's "
        "own",
    )
    name: DatabaseName = setting(
        "",
        "What the database and its role are called. The default is the app's name on the host, which no other app "
        "there has.",
        example="guestbook",
        becomes="the database and the role that owns it",
    )
    host: OptionalHost = setting(
        "",
        "A host of PostgreSQL's own, as anything that `ssh` accepts. The default is the app's host, where nothing "
        "listens on a port; an app on several hosts needs one.",
        example="root@203.0.113.9",
        becomes="where PostgreSQL is installed, listening on `address` for the app's hosts alone, over TLS with a "
        "certificate that they pin",
    )
    address: OptionalAddress = setting(
        "",
        "The IP address of `host` in the network between it and the app's hosts. The default is the one that seawall "
        "itself reaches it by.",
        example="10.0.0.9",
        becomes="`listen_addresses` of PostgreSQL, and the host in the URL",
    )
    replica: OptionalHost = setting(
        "",
        "A second host of the database's, as anything that `ssh` accepts, that follows `host`: a copy of all that "
        "PostgreSQL there holds, a moment behind, which can be read. None by default.",
        example="root@203.0.113.10",
        becomes="a hot standby that streams from `host` over TLS, and its URL in `replica_variable`",
    )
    replica_address: OptionalAddress = setting(
        "",
        "The IP address of `replica` in the network between it, `host` and the app's hosts. The default is the one by "
        "which seawall itself reaches it.",
        example="10.0.0.10",
        becomes="`listen_addresses` of the replica, and the host in its URL",
    )
    replica_variable: Variable = setting(
        "DATABASE_REPLICA_URL",
        "The environment variable in which the app finds the replica's URL. The default is the usual name. Where the "
        "file names it and there is no `replica`, it is the database's own URL, so that the app need not know.",
        example="READ_DATABASE_URL",
        becomes="a line of BASE/releases/vN/env, readable by root alone, where there is a `replica`, or this is "
        "written and the database has a `host` of its own",
    )
    path: OptionalPath = setting(
        "",
        "Where an SQLite database lies in BASE/data/, which stays from release to release. The default is the app's "
        "name on the host with `.db`.",
        example="instance/site.db",
        becomes="the file, with a write-ahead log, so that readers and the writer do not wait for each other",
    )
    variable: Variable = setting(
        "DATABASE_URL",
        "The environment variable in which the app finds the database's URL. The default is the usual name.",
        example="SQLALCHEMY_DATABASE_URI",
        becomes="a line of BASE/releases/vN/env, readable by root alone",
    )
    scheme: UrlScheme = setting(
        "",
        "What the URL begins with, for libraries that choose their driver by it. The default is the database's own "
        "name; for MariaDB it is `mysql`, or what SQLAlchemy calls the driver, where the requirements name both.",
        example="postgresql+psycopg",
        becomes="the beginning of the URL",
    )
    memory: Auto | Size = setting(
        "auto",
        "How much memory the database server may count on, in bytes or with k, m or g. All apps of a host share one "
        "server. The default is a quarter of the host's memory, since the app needs the rest.",
        example="2g",
        becomes="the memory settings of the server; what is left is for the app's workers (`seawall explain server`)",
    )
    pool: bool = setting(
        False,
        "Have PgBouncer share a few of PostgreSQL's connections out among all threads and processes of the app, for "
        "one transaction each. Worth it where the app wants more connections than PostgreSQL has memory for. Off by "
        "default: what an app sets for a connection (SET, LISTEN, temporary tables, advisory locks) does not outlive a "
        "transaction then.",
        example=True,
        becomes="PgBouncer in transaction mode, and its socket in the URL",
    )
    connections: Auto | Annotated[int, Field(ge=10, le=2000)] = setting(
        "auto",
        "How many connections the app may hold at once. The default is one for each thread of each worker and one for "
        "each process, twice, since two releases run side by side during a deployment.",
        example=80,
        becomes="the app's part of `max_connections`",
    )

    @property
    def names_replica(self) -> bool:
        """Whether the app is given a URL to read by: there is a replica, or the file names the variable."""
        return bool(self.host) and bool(self.replica or "replica_variable" in self.model_fields_set)
