"""A database on its way from one environment to another: out of this host's session, into that of the other.

The tool passes the pieces on and keeps none. What arrives is restored beside the live database, compared with the
figures of the dump's own snapshot, changed as a person wishes, and only then put in the live one's place.
"""

from __future__ import annotations

import contextlib
import os
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import TracebackType
from typing import IO, Any

from seawall.agent.client import Client
from seawall.agent.data import schemas
from seawall.agent.data.engines import engine_for
from seawall.agent.data.figures import TableFigures, figures_from_wire, figures_to_wire
from seawall.agent.data.manifest import DatabasePart, FilesPart, Manifest, RedisPart
from seawall.agent.data.places import DataPlaces
from seawall.agent.data.recording import alone
from seawall.agent.data.vocabulary import Database
from seawall.agent.errors import BadRequest, Cancelled, LoadFailed
from seawall.agent.journal import now
from seawall.agent.places import Places
from seawall.agent.wire import CHUNK

AS_IT_WAS = "the live database is as it was"


def look(places: Places) -> dict[str, Any]:
    """What database is here: kind, version, bytes. Raises BadRequest if seawall has none of the app's here."""
    database = database_of(places)
    return {
        "kind": database.kind,
        "name": database.name or database.path,
        "version": engine_for(database).version(),
        "bytes": schemas.size(database),
    }


def refusal(places: Places, version: str) -> str:
    """Why a dump of this version cannot be loaded here; "" if it can."""
    return engine_for(database_of(places)).refusal(version)


def send(places: Places, client: Client, by: str) -> dict[str, Any]:
    """Dump the database into the session. Raises DumpFailed, Locked, Cancelled."""
    size = 0
    with alone(DataPlaces(places.base), by, "copy"), engine_for(database_of(places)).dump() as dump:
        while piece := dump.stream.read(CHUNK):
            client.send({"piece": True}, piece)
            size += len(piece)
            if client.gone():
                raise Cancelled("the copy was stopped")
        figures = dump.figures()
        dump.finish()
    return {"bytes": size, "figures": figures_to_wire(figures)}


def database_of(places: Places) -> Database:
    at = DataPlaces(places.base)
    database = at.data().database if at.settings.exists() else None
    if database is None:
        raise BadRequest(
            "this app has no database of seawall's on this host",
            state="nothing was changed",
            remedy="name one: kind under [database], and deploy",
        )
    return database


@dataclass
class FromTool:
    """What the tool sends, as a restore takes it: a dump, and the figures at its end."""

    client: Client
    manifest: Manifest
    figures: dict[str, TableFigures]
    _begun: list[Arriving] = field(default_factory=list)

    @classmethod
    def of(cls, client: Client, message: dict[str, Any]) -> FromTool:
        figures: dict[str, TableFigures] = {}
        made = now()
        copy = re.sub(r"\D", "", made)[:14]
        part = DatabasePart(message["kind"], message["name"], message["version"], int(message["bytes"]), "", figures)
        manifest = Manifest(f"{copy[:8]}-{copy[8:]}", message["app"], message["host"], made, part)
        return cls(client, manifest, figures)

    @property
    def bytes(self) -> int:
        """The size of the dump, once it is through."""
        return sum(arriving.bytes for arriving in self._begun)

    @contextmanager
    def dump(self, _part: DatabasePart | RedisPart) -> Iterator[Arriving]:
        with Arriving(self.client, self.figures) as arriving:
            self._begun.append(arriving)
            yield arriving

    def files(self, _part: FilesPart, target: str) -> None:
        raise BadRequest("a copy of a database has no files", place=target)

    def check(self, part: str) -> None:
        """Nothing of a copy is kept that could be damaged; what comes of it is compared with its figures."""

    def read_past(self) -> None:
        """What the tool still sends, if nobody has wanted it: the next request is behind it."""
        if not self._begun:
            with Arriving(self.client, {}):
                pass


class Arriving:
    """The pieces, as a stream that a program can read; frames are taken from the session until the last has come,
    whether anybody reads or not."""

    def __init__(self, client: Client, figures: dict[str, TableFigures]) -> None:
        self._client = client
        self._figures = figures
        self._end: dict[str, Any] = {}
        self.bytes = 0
        reading, writing = os.pipe()
        self.stream: IO[bytes] = os.fdopen(reading, "rb", buffering=0)
        self._feeder = threading.Thread(target=self._feed, args=(writing,), daemon=True)
        self._feeder.start()

    def __enter__(self) -> Arriving:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stream.close()
        self._feeder.join()

    def finish(self) -> None:
        """Raises LoadFailed or Cancelled unless all of the dump has come; its figures are known then."""
        self._feeder.join()
        if not self._end:
            raise Cancelled("the copy was stopped", state=AS_IT_WAS)
        if self._end.get("failed"):
            raise LoadFailed("the dump ended before it was whole", state=AS_IT_WAS)
        self._figures.update(figures_from_wire(self._end["figures"]))

    def _feed(self, writing: int) -> None:
        wanted = True
        try:
            while (frame := self._client.next()) is not None and frame.message.get("op") == "piece":
                self.bytes += len(frame.payload)
                wanted = wanted and _written(writing, frame.payload)
                if frame.message.get("last"):
                    self._end = dict(frame.message)
                    return
        finally:
            os.close(writing)


def _written(descriptor: int, data: bytes) -> bool:
    """Whether there still is a reader."""
    view = memoryview(data)
    with contextlib.suppress(BrokenPipeError):
        while view:
            view = view[os.write(descriptor, view) :]
        return True
    return False
