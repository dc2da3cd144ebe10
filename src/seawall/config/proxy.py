"""The table of ``seawall.toml`` for the web server in front."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from seawall.config.table import Table, setting
from seawall.config.values import QueryName, Size, UrlPrefix

Prefixes = Annotated[tuple[UrlPrefix, ...], Field(strict=False)]
#: A year, the longest that caches are told to keep anything (RFC 2616, 14.21), in seconds.
YEAR = 31_536_000


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
    access_log: bool = setting(
        True,
        "Write a line for each request. On by default: without it nobody can tell what happened.",
        example=False,
        becomes="`access_log` in the nginx site",
    )
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
