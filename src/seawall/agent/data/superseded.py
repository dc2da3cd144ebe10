"""What an app's host knows of databases whose place others took: no release may lead there any more.

The host forgets them as little as its releases: one of before the promotion, or a deployment from a checkout that has
not heard of it, would write where nobody reads, if that server came back.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import urlsplit

from seawall.agent import files
from seawall.agent.data.places import DataPlaces
from seawall.agent.errors import DatabaseUnfit
from seawall.agent.journal import now
from seawall.agent.places import Places

PIN = "database.crt"


@dataclass(frozen=True)
class Superseded:
    """``host`` listened on ``address``, where ``variable`` led, until ``successor`` took its place."""

    address: str
    host: str
    successor: str
    variable: str
    at: str


def supersede(places: Places, message: Mapping[str, Any]) -> dict[str, Any]:
    """Remember that the database at an address has lost its place, and trust the certificate of its successor alone:
    libpq looks into that file at every connection, also of the release that is live. One that has its place again is
    forgotten."""
    address, of = str(message["address"]), str(message["of"])
    gone = Superseded(address, of, str(message["successor"]), str(message["variable"]), now())
    kept = [one for one in known(places) if one.address not in (gone.address, str(message["successor_address"]))]
    path = DataPlaces(places.base).superseded
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    files.write_atomic(str(path), json.dumps([asdict(one) for one in (*kept, gone)]).encode() + b"\n", 0o600)
    files.write_atomic(str(places.base / PIN), str(message["certificate"]).encode(), 0o644)
    return {}


def known(places: Places) -> list[Superseded]:
    """Those that have lost their place."""
    text = files.read_text(str(DataPlaces(places.base).superseded))
    return [Superseded(**one) for one in json.loads(text)] if text else []


def refuse(places: Places, env: Mapping[str, str]) -> None:
    """Raises DatabaseUnfit where the app would write to one of them. To read from one is something else: it may have
    become a replica."""
    for one in known(places):
        if _host(env.get(one.variable, "")) == one.address:
            raise DatabaseUnfit(
                f"{one.variable} of that release leads to {one.host}, whose place {one.successor} took ({one.at}): "
                "what would be written there is lost",
                place=str(DataPlaces(places.base).superseded),
                state="nothing was changed",
                remedy="make the old code a new release: check it out, and `seawall deploy`",
            )


def _host(value: str) -> str:
    """Of a URL; "" for what is none."""
    try:
        return urlsplit(value).hostname or ""
    except ValueError:
        return ""
