"""Restoring the database as it was at a moment, as the tool asks for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from functools import partial
from typing import Any

from seawall.agent.client import Client
from seawall.agent.data import recovered, source
from seawall.agent.data.outlook import Outlook, Wish
from seawall.agent.data.places import DataPlaces
from seawall.agent.data.recording import alone, in_turn
from seawall.agent.data.restore import Restore
from seawall.agent.data.source import Source
from seawall.agent.data.vocabulary import Data
from seawall.agent.places import Places
from seawall.agent.vocabulary import Event

Message = Mapping[str, Any]


def look(places: Places, message: Message) -> dict[str, Any]:
    """What it would do; nothing is done. Raises NotEmpty, BadRequest, NoSuchBackup, RepositoryFailed."""
    data = DataPlaces(places.base).data()
    found = recovered.foreseen(data, str(message["at"]), _backup(data, message))
    return Outlook(data, found, _wish(message)).told()


def restore(places: Places, message: Message, client: Client) -> dict[str, Any]:
    """Do it. Raises what a restore does, and what a recovery does.

    While the moment is recovered, other jobs may be at the data; whoever is there then is waited for.
    """
    at = DataPlaces(places.base)
    data, by = at.data(), str(message.get("by", ""))

    def say(text: str) -> None:
        client.report(Event("note", "restored", text=text))

    with alone(at, by, "restore"):
        backup = _backup(data, message)
    say(f"bringing a server of its own to {recovered.until(str(message['at'])).spoken}, from the archive")
    with recovered.recovered(data, str(message["at"]), by, backup) as found:
        outlook = Outlook(data, found.manifest, _wish(message))
        turn = partial(in_turn, say=say, cancelled=client.gone)
        done = Restore(outlook, found, places, by, client.report, client.gone, alone=turn).run()
    return {**asdict(done), "reached": found.reached}


def _wish(message: Message) -> Wish:
    return Wish(str(message["to"]), str(message["table"]), bool(message["replace"]))


def _backup(data: Data, message: Message) -> Source | None:
    """The backup whose files and Redis are wished for beside the database."""
    return source.backup(data, str(message["backup"])) if message["backup"] else None
