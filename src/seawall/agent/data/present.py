"""The troubles there are right now, for somebody who asks. Nothing is written down and nobody is told."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from seawall.agent.data import troubles, watch
from seawall.agent.data.alert_settings import AlertSettings
from seawall.agent.data.alert_texts import moment
from seawall.agent.data.memory import Memory
from seawall.agent.data.places import DataPlaces
from seawall.agent.data.troubles import Trouble
from seawall.agent.places import Places

#: How many looks may be missed, and the seconds that one may take, before the watch itself is a trouble.
MISSED, LONGEST = 3, 300


def present(places: Places) -> dict[str, Any]:
    """As :func:`watch.health` says it, by a look that is made now; ``since`` is "" for what the watch has not seen."""
    at = DataPlaces(places.base)
    watched = at.alert_settings.exists()
    settings = watch.read_settings(at) if watched else AlertSettings("", places.layout)
    before, now = watch.remembered(at, places), time.time()
    found = watch.look(settings, places, before, now, tries=1).troubles
    late = tuple(_late(settings, before, at.alert_settings.stat().st_mtime, now)) if watched else ()
    known = troubles.seen(before.known, (*found, *late), now)
    document = watch.health(places.layout.app, settings.host, replace(before, known=known))
    remembered = {one.trouble.id for one in before.known}
    for trouble in document["troubles"]:
        trouble["since"] = trouble["since"] if trouble["id"] in remembered else ""
    return document


def _late(settings: AlertSettings, before: Memory, since: float, now: float) -> Iterator[Trouble]:
    """That the watch has not looked for too long, nor since it was set up at ``since``."""
    unit = f"seawall-watch-{settings.layout.app}"
    if now - max(before.looked, since) > MISSED * settings.minutes * 60 + LONGEST:
        looked = f"since {moment(before.looked)}" if before.looked else "yet"
        yield Trouble(
            "watch",
            f"the watch has not looked {looked}, so nobody is told of trouble",
            f"`systemctl status {unit}.timer` and `journalctl -u {unit}` on the host say why",
        )
