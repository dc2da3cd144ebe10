"""The table of ``seawall.toml`` for a Redis of the app's own."""

from __future__ import annotations

from typing import Literal

from seawall.config.table import Table, setting
from seawall.config.values import Size, UrlScheme, Variable


class Redis(Table):
    """A Redis of the app's own, for sessions, caches, rate limits and queues; no other app of the host can reach it."""

    enabled: bool = setting(
        False,
        "Whether the app has a Redis: the distribution's, a server for this app alone, reached over a unix socket "
        "that only the app's group may enter: it needs no password. Off by default.",
        example=True,
        becomes="the unit seawall-redis-APP, its files in BASE/redis/",
    )
    variable: Variable = setting(
        "REDIS_URL",
        "The environment variable in which the app finds its URL. The default is the usual name.",
        example="CELERY_BROKER_URL",
        becomes="a line of BASE/releases/vN/env",
    )
    scheme: UrlScheme = setting(
        "unix",
        "What the URL begins with. The default is what redis-py reads, so RQ, Flask-Caching, Flask-Session and "
        "Django; Celery wants `redis+socket`, Flask-Limiter `redis+unix`.",
        example="redis+socket",
        becomes="the beginning of the URL",
    )
    memory: Literal["auto"] | Size = setting(
        "auto",
        "How much memory its data may take, in bytes or with k, m or g. The default is a sixteenth of the host's, "
        "between 32m and 1g: what most queues and sessions never fill.",
        example="256m",
        becomes="`maxmemory`; that and half as much again, which a rewrite of its file may take for a while, is not "
        "left to the app's workers (`seawall explain server`)",
    )
    policy: Literal[
        "noeviction",
        "allkeys-lru",
        "allkeys-lfu",
        "allkeys-random",
        "volatile-lru",
        "volatile-lfu",
        "volatile-random",
        "volatile-ttl",
    ] = setting(
        "noeviction",
        "What happens when the memory is full. By default new data is refused with an error, since a job or a session "
        "that vanishes without a word is worse; for a Redis that is only a cache, take `allkeys-lru`.",
        example="allkeys-lru",
        becomes="`maxmemory-policy`",
    )
