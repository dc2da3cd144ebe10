"""What a person asks of an app without changing its releases: read, answered, and nothing held.

Imported when the first of these is asked for; a deployment needs none of them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from seawall.agent import posture, queries, releases, resolutions
from seawall.agent.certificates import requests
from seawall.agent.client import Client
from seawall.agent.data import served
from seawall.agent.data.present import present
from seawall.agent.data.standing import standing
from seawall.agent.files import remove_files
from seawall.agent.journal import Journal
from seawall.agent.managers import manager_for
from seawall.agent.places import Places
from seawall.agent.verify import verify
from seawall.agent.vocabulary import Event
from seawall.agent.wire import Frame

Answer = dict[str, Any]


def _releases(places: Places, _frame: Frame, _client: Client) -> Answer:
    return {"releases": queries.release_list(places)}


def _resolved(places: Places, frame: Frame, _client: Client) -> Answer:
    """For the other hosts of a fleet: what a release's requirements were resolved to here."""
    release_id = str(frame.message["release_id"])
    return resolutions.told(places, release_id, releases.load(places, release_id).release)


def _fronts(places: Places, frame: Frame, _client: Client) -> Answer:
    """The kinds of front server that a release and the live one were made for."""
    wanted = releases.load(places, str(frame.message["release_id"])).release.front.kind
    live = releases.live_id(places)
    return {"wanted": wanted, "live": releases.load(places, live).release.front.kind if live else wanted}


def _status(places: Places, _frame: Frame, _client: Client) -> Answer:
    found = queries.status(places, manager_for(places))
    backups, troubles = standing(places), present(places)["troubles"]
    return {**found, "backups": backups, "troubles": troubles, "database": served.standing(places)}


def _posture(places: Places, frame: Frame, _client: Client) -> Answer:
    message = frame.message
    return posture.gather(places, certificate=str(message["certificate"]), keys=list(message["keys"]))


def _verify(places: Places, frame: Frame, _client: Client) -> Answer:
    return verify(places, manager_for(places), every=bool(frame.message["all"]))


def _certificate(_places: Places, frame: Frame, _client: Client) -> Answer:
    return requests.look(frame.message)


def _logs(places: Places, frame: Frame, client: Client) -> Answer:
    message = frame.message
    queries.logs(
        places,
        manager_for(places),
        names=message.get("names", []),
        lines=int(message["lines"]),
        follow=bool(message["follow"]),
        hear=lambda line: client.report(Event("output", "logs", text=line)),
        cancelled=client.gone,
    )
    return {}


def _maintenance(places: Places, frame: Frame, _client: Client) -> Answer:
    """The front server looks for this file at each request."""
    wanted = bool(frame.message["on"])
    if wanted:
        places.maintenance.touch(mode=0o644)
    else:
        places.maintenance.unlink(missing_ok=True)
    Journal(places.journal).write("maintenance", on=wanted, by=frame.message.get("by", ""))
    return {"on": places.maintenance.exists()}


def _purge(places: Places, frame: Frame, _client: Client) -> Answer:
    """nginx takes a page whose file has gone for one that it never had (ngx_http_file_cache.c)."""
    removed = remove_files(places.cache)
    Journal(places.journal).write("purged", pages=removed, by=frame.message.get("by", ""))
    return {"pages": removed}


OPERATIONS: dict[str, Callable[[Places, Frame, Client], Answer]] = {
    "releases": _releases,
    "resolved": _resolved,
    "fronts": _fronts,
    "status": _status,
    "posture": _posture,
    "verify": _verify,
    "certificate": _certificate,
    "logs": _logs,
    "maintenance": _maintenance,
    "purge": _purge,
}
