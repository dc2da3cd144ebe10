"""The table of ``seawall.toml`` for the web server in front."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from seawall.config.table import Table, setting
from seawall.config.values import CookieName, Network, OptionalPath, QueryName, Size, UrlPath, UrlPrefix

Cookies = Annotated[tuple[CookieName, ...], Field(strict=False)]
Networks = Annotated[tuple[Network, ...], Field(strict=False)]
Routes = Annotated[tuple[UrlPath, ...], Field(strict=False)]
Prefixes = Annotated[tuple[UrlPrefix, ...], Field(strict=False)]
#: A year, the longest that caches are told to keep anything (RFC 2616, 14.21), in seconds.
YEAR = 31_536_000


class Cache(Table):
    """Pages of the app that the proxy keeps and answers with by itself, for visitors without a login."""

    paths: dict[UrlPath, Annotated[int, Field(ge=1, le=YEAR)]] = setting(
        {},
        "URL paths whose pages are kept, and for how many seconds; a path that ends with a slash means all below it. "
        "What an answer says itself (Cache-Control, Expires) comes before, and one that sets a cookie or is private is "
        "never kept. None by default: only you know which pages are the same for everybody.",
        example={"/": 60, "/blog/": 600},
        becomes="`proxy_cache` in a `location` of the nginx site each",
    )
    size: Size = setting(
        "256m",
        "How much disk the kept pages may take, in bytes or with k, m or g; those that nobody asked for longest go "
        "first. The default holds some ten thousand pages.",
        example="2g",
        becomes="`max_size` of BASE/cache/",
    )
    ignored_cookies: Cookies = setting(
        (),
        "Names of cookies that change no page, such as those of statistics. Whoever sends any other is answered by the "
        "app and nothing of it is kept: it may be a login. None by default.",
        example=["_ga", "_pk_id"],
        becomes="`proxy_cache_bypass` and `proxy_no_cache`",
    )


class Proxy(Table):
    """The web server in front: it ends TLS, serves static files and shields the app from slow clients."""

    kind: Literal["nginx", "apache"] = setting(
        "nginx",
        "The web server in front of the app, one for all apps of a host. nginx is the default: it shields the app from "
        "slow visitors best, and limits what one address may ask. A change is an ordinary deploy.",
        example="apache",
        becomes="the program that owns ports 80 and 443",
    )
    max_body: Size = setting(
        "10m",
        "The largest request body that is let through, in bytes or with k, m or g; a larger one is answered with 413. "
        "nginx's own default, 1m, refuses an ordinary photograph.",
        example="100m",
        becomes="`client_max_body_size` in the nginx site",
    )
    read_timeout: Annotated[int, Field(ge=1, le=86400)] = setting(
        60,
        "Seconds the proxy waits for the app to say something before it answers 504. The default is nginx's own.",
        example=120,
        becomes="`proxy_read_timeout` in the nginx site",
    )
    access_log: Literal["json", "combined", "off"] = setting(
        "json",
        "The line that is written for each request. `json`, the default, has how long it took and the id under which "
        "the app knows it, and leaves out query strings, which may hold secrets; `combined` is the form that older "
        "programs read; `off` writes none, and nobody can tell what happened.",
        example="combined",
        becomes="`log_format` and `access_log` in the nginx site",
    )
    request_id_from: Networks = setting(
        (),
        "Addresses or networks of what stands in front of this server, such as a load balancer, and whose X-Request-ID "
        "is taken over. None by default: each request gets a new one, as a visitor's could be made up.",
        example=["203.0.113.7"],
        becomes="a `geo` block of the nginx site",
    )
    streams: Routes = setting(
        (),
        "URL paths whose answers come bit by bit, such as server-sent events: each bit is passed on at once, and there "
        "may be an hour between two, unless `limits.routes` says otherwise. A path that ends with a slash means all "
        "below it. None by default: the app says so itself with the header X-Accel-Buffering: no.",
        example=["/events"],
        becomes="`proxy_buffering off` in a `location` each",
    )
    compress: bool = setting(
        False,
        "Compress the app's answers too. Off by default: a compressed page that holds a secret, and something that a "
        "visitor sent, gives the secret away (BREACH, CVE-2013-3587). Static files are compressed all the same.",
        example=True,
        becomes="`gzip on` for the whole nginx site",
    )
    error_pages: OptionalPath = setting(
        "",
        "A folder of the project with pages of your own, `502.html` (the app does not answer), `503.html` "
        "(maintenance) and `504.html` (it takes too long), as many of them as you like. They must bring their style "
        "with them or take it from [static]. By default visitors see a plain sentence.",
        example="errors",
        becomes="BASE/releases/vN/static/@errors/ and `error_page` in the nginx site",
    )
    cache: Cache = Field(default=Cache(), description="Pages of the app that the proxy keeps.")
    static_max_age: Annotated[int, Field(ge=0, le=YEAR)] = setting(
        3600,
        "Seconds for which browsers and caches use a static file without asking whether it has changed. The default, "
        "an hour, is for files that keep their names over releases; 0 has them ask each time. Files with a hash of "
        "their content in their name, as `app.3f2a9c1b.js`, are kept for a year all the same.",
        example=300,
        becomes="`Cache-Control: max-age` of static files",
    )
    immutable: Prefixes = setting(
        (),
        "URL prefixes of static files that never change under their name, also where that is not to be seen: Vite and "
        "esbuild write hashes that look like words. None by default: what browsers keep for a year by mistake cannot "
        "be called back.",
        example=["/static/assets/"],
        becomes="`Cache-Control: public, max-age=31536000, immutable` for them",
    )
    immutable_query: QueryName = setting(
        "",
        "The name of a query parameter that changes with a static file's content, as in `style.css?v=3f2a9c1b`: with "
        "it, the file is kept for a year. None by default: at the moment of a release such an address may still bring "
        "the file of the release before, and would go on to.",
        example="v",
        becomes="the same for static files that are asked for with it",
    )
