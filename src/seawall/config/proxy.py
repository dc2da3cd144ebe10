"""The table of ``seawall.toml`` for the web server in front."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from seawall.config.table import Table, setting
from seawall.config.values import Size


class Proxy(Table):
    """The web server in front: it ends TLS, serves static files and shields the app from slow clients."""

    kind: Literal["nginx"] = setting(
        "nginx",
        "The web server in front of the app.",
        example="nginx",
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
