"""Trying a release out: it is prepared and gated like any other, loaded, measured, and taken back.

It never becomes live, so visitors never meet it. Imported when somebody tunes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from seawall.agent import load, lock, memory, releases, venvs
from seawall.agent.client import Client
from seawall.agent.endpoint import endpoint
from seawall.agent.errors import BadRequest, Locked
from seawall.agent.managers import Manager
from seawall.agent.places import Places
from seawall.agent.store import Store
from seawall.agent.vocabulary import to_wire
from seawall.agent.work import Work

ACTION = "tune"


def drive(places: Places, manager: Manager, work: Work | None, message: Mapping[str, Any], client: Client) -> Any:
    """Load what is being tried, on one path; what came of it, and the memory it takes after that."""
    if work is None or work.action != ACTION or work.release is None:
        raise BadRequest("nothing is being tried out on this host")
    at, release = places.release(work.release_id), work.release
    server, gate = endpoint(at, release.listen), release.gate
    headers = {
        "Host": gate.host,
        "X-Forwarded-Proto": gate.scheme,
        "X-Forwarded-For": "127.0.0.1",
        "User-Agent": "seawall-tune",
        "Connection": "close",
    }
    report = load.run(
        server,
        load.request(server, str(message["path"]), headers),
        visitors=int(message["visitors"]),
        seconds=float(message["seconds"]),
        stopped=client.gone,
    )
    taken = memory.measure(manager, at, release, served=True)
    return {"report": asdict(report), "memory": to_wire(taken) if taken else None}


def tidy(places: Places) -> None:
    """Remove what was built and sent for releases that are gone, unless a deployment is at work."""
    try:
        with lock.hold(places.lock, by="", action=ACTION):
            Store(places.objects).prune()
            venvs.prune(places, (places.release(name).venv for name in releases.ids(places)))
    except Locked:
        return
