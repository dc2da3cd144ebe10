"""A drill of the archive: what the live database held at a point must come back."""

from __future__ import annotations

import datetime
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from seawall.agent import process
from seawall.agent.data import archive_drill, pgbackrest, recovered, scratch_server
from seawall.agent.data.archive_drill import ArchiveDrill
from seawall.agent.data.figures import Figures, TableFigures
from seawall.agent.data.pgbackrest import Until
from seawall.agent.data.scratch_server import ScratchServer
from seawall.agent.data.vocabulary import Archive, Data, Database
from seawall.agent.errors import DiskFull, NotAsBackedUp, RepositoryDamaged, RepositoryFailed

ARCHIVE = Archive("/etc/pgbackrest/seawall-tiny.conf", "tiny", "15")
SOUND = """\
2026-11-28 17:53:20.513 P00   INFO: verify command begin 2.45: --exec-id=411-810b38a9 --stanza=m
2026-11-28 17:53:20.795 P00   INFO: verify command end: completed successfully (285ms)
"""
DAMAGED = """\
2026-11-28 17:53:36.303 P01   INFO: invalid checksum '20261128-175310F/pg_data/base/1/2658.gz'
2026-11-28 17:53:36.485 P00   INFO: stanza: m
                                    status: error
                                      archiveId: 15-1, total WAL checked: 3, total valid WAL: 2
                                        other: 1
                                      backup: 20261128-175310F, status: invalid, total files checked: 961, \
total valid files: 960
                                        checksum invalid: 1
2026-11-28 17:53:36.490 P00   INFO: verify command end: completed successfully (15358ms)
"""


@dataclass
class Server:
    """A PostgreSQL that has these figures, and transactions that a session at the point did not see."""

    held: Figures
    unseen: int = 0
    point: str = "a drill 1"
    seen: str = "725:725:"
    asked: list[str] = field(default_factory=list)

    @contextmanager
    def at_a_point(self, name: str, point: str) -> Iterator[Server]:
        self.asked.append(f"{name} at {point}")
        yield self

    def figures(self, _: str = "") -> Figures:
        return self.held

    def made_since(self, _: str) -> int:
        return self.unseen


@dataclass
class World:
    """The live server, and the one that is recovered; ``goals`` are where it was brought to."""

    live: Server
    copy: Server
    goals: list[Until] = field(default_factory=list)
    said: list[str] = field(default_factory=list)


@pytest.fixture
def data(tmp_path: Path) -> Data:
    (tmp_path / "state" / "data").mkdir(parents=True)
    return Data("tiny", str(tmp_path), "tiny", Database("postgresql", "tiny", "tiny", socket="/live"), archive=ARCHIVE)


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    made = World(Server({"note": TableFigures(2, "7")}), Server({"note": TableFigures(2, "7")}))

    @contextmanager
    def brought_to(_: object, until: Until) -> Iterator[None]:
        made.goals.append(until)
        yield

    monkeypatch.setattr(
        archive_drill, "PostgreSQL", lambda database: made.live if database.socket == "/live" else made.copy
    )
    monkeypatch.setattr(archive_drill.ScratchServer, "brought_to", brought_to)
    monkeypatch.setattr(recovered, "push_last", lambda _: None)
    copies = [{"label": "a", "info": {"size": 9 << 20, "repository": {"delta": 1 << 20}}}]
    monkeypatch.setattr(pgbackrest, "copies", lambda _: copies)
    monkeypatch.setattr(pgbackrest, "damage", lambda _: [])
    return made


def test_an_archive_that_brings_back_what_was_live_is_proven(data: Data, world: World) -> None:
    moment = ArchiveDrill(data, "ada@desk", world.said.append).run()
    assert world.goals == [Until("name", "a drill 1", f"{moment}, when the drill began")]
    assert world.live.asked == [f"tiny at seawall drill {moment}"]
    assert world.said[-1] == f"the archive brings back {moment}: 1 figures compared"


def test_a_row_that_does_not_come_back_is_found(data: Data, world: World) -> None:
    world.copy.held = {"note": TableFigures(1, "7")}
    with pytest.raises(NotAsBackedUp, match="recovered from the archive is not what it was") as caught:
        ArchiveDrill(data, "ada@desk", world.said.append).run()
    assert caught.value.output == "note has 1 row and had 2 rows"


def test_what_was_written_in_the_very_instant_is_no_fault_and_is_told(data: Data, world: World) -> None:
    world.copy = Server({"note": TableFigures(3, "9")}, unseen=1)
    assert ArchiveDrill(data, "ada@desk", world.said.append).run()
    assert world.said[-2] == "1 changes were made in the very instant of it, so 1 figures say nothing"


def test_without_an_archive_or_a_copy_in_it_nothing_is_proven(
    data: Data, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert ArchiveDrill(replace(data, archive=None), "ada@desk", world.said.append).run() == ""
    assert world.said == []
    monkeypatch.setattr(pgbackrest, "copies", lambda _: [])
    assert ArchiveDrill(data, "ada@desk", world.said.append).run() == ""
    assert "nothing of it is proven" in world.said[0]


def test_damage_is_told_before_anything_is_recovered(data: Data, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pgbackrest, "damage", lambda _: ["invalid checksum 'x'"])
    with pytest.raises(RepositoryDamaged) as caught:
        ArchiveDrill(data, "ada@desk", world.said.append).run()
    assert (caught.value.output, world.goals) == ("invalid checksum 'x'", [])


@pytest.mark.parametrize(
    ("kept", "day", "read"),
    [(1 << 30, 2, True), ((1 << 30) + 1, 2, False), ((1 << 30) + 1, 1, True), (1 << 40, 8, True)],
)
def test_a_large_archive_is_read_once_a_week(kept: int, day: int, *, read: bool) -> None:
    assert archive_drill.is_read(kept, datetime.date(2026, 11, day)) is read


def test_where_there_is_no_room_for_a_second_server_none_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scratch_server, "BESIDE", str(tmp_path))
    monkeypatch.setattr(scratch_server, "uid_of", lambda _: os.getuid())
    monkeypatch.setattr(scratch_server, "gid_of", lambda _: os.getgid())
    monkeypatch.setattr(pgbackrest, "size", lambda _: 1 << 60)
    with (
        pytest.raises(DiskFull, match="no room to recover the database in"),
        ScratchServer(ARCHIVE, "tiny").brought_to(pgbackrest.END),
    ):
        pass
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("code", [0, 82])
def test_pgbackrest_that_ends_well_on_a_damaged_archive_is_read(monkeypatch: pytest.MonkeyPatch, code: int) -> None:
    monkeypatch.setattr(process, "run", lambda *_, **__: process.Completed(code, DAMAGED, "", DAMAGED))
    assert pgbackrest.damage(ARCHIVE) == [
        "2026-11-28 17:53:36.303 P01   INFO: invalid checksum '20261128-175310F/pg_data/base/1/2658.gz'",
        "status: error",
        "backup: 20261128-175310F, status: invalid, total files checked: 961, total valid files: 960",
    ]


def test_pgbackrest_that_says_nothing_against_an_archive_must_have_ended_well(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "run", lambda *_, **__: process.Completed(0, SOUND, "", SOUND))
    assert pgbackrest.damage(ARCHIVE) == []
    monkeypatch.setattr(process, "run", lambda *_, **__: process.Completed(25, "", ""))
    with pytest.raises(RepositoryFailed, match="verify failed with exit code 25"):
        pgbackrest.damage(ARCHIVE)
