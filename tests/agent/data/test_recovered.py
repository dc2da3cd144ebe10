"""Moments as people write them, and how far an archive lies behind."""

from __future__ import annotations

import io
import json
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from seawall.agent.data import archiving, looks, pgbackrest, psql, recovered, twins
from seawall.agent.data.engines.postgresql import PostgreSQL
from seawall.agent.data.manifest import DatabasePart, FilesPart, Manifest, RedisPart
from seawall.agent.data.pgbackrest import Until
from seawall.agent.data.record import Run
from seawall.agent.data.source import Bytes
from seawall.agent.data.summary import Reason
from seawall.agent.data.vocabulary import Archive, Data, Database
from seawall.agent.errors import AgentError, BadRequest, RepositoryFailed

ARCHIVE = Archive("/etc/pgbackrest/seawall-tiny.conf", "tiny", "15")


class Nothing:
    """A dump that nobody reads."""

    stream = io.BytesIO()

    def finish(self) -> None:
        """It has ended."""


@dataclass
class FromBackup:
    """A backup that says what was asked of it."""

    manifest: Manifest
    asked: list[str] = field(default_factory=list)

    @contextmanager
    def dump(self, part: DatabasePart | RedisPart) -> Iterator[Bytes]:
        self.asked.append(f"dump of {type(part).__name__}")
        yield Nothing()

    def files(self, _: FilesPart, target: str) -> None:
        self.asked.append(f"files to {target}")

    def check(self, part: str) -> None:
        """Not asked for."""


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("2026-11-28 14:00", "2026-11-28 14:00:00+00"),
        ("2026-11-28 14:00:30", "2026-11-28 14:00:30+00"),
        ("2026-11-28T14:00:30Z", "2026-11-28 14:00:30+00"),
        ("2026-11-28 14:00+01", "2026-11-28 13:00:00+00"),
        ("2026-11-28 14:00-05:30", "2026-11-28 19:30:00+00"),
    ],
)
def test_a_moment_is_in_utc_unless_it_says_otherwise(written: str, read: str) -> None:
    assert recovered.until(written) == Until("time", read, written)


def test_the_end_of_the_archive_is_a_moment_too() -> None:
    assert recovered.until("latest") == pgbackrest.END


@pytest.mark.parametrize(
    "written", ["yesterday", "2026-11-28", "14:00", "2026-11-28 14:00'; DROP TABLE x", "2026-13-28 14:00", ""]
)
def test_what_is_no_moment_is_refused(written: str) -> None:
    with pytest.raises(BadRequest, match="is no moment"):
        recovered.until(written)


def test_without_an_archive_there_is_no_moment_to_go_to() -> None:
    data = Data("tiny", "/srv/tiny", "tiny", Database("postgresql", "tiny", "tiny"))
    with pytest.raises(BadRequest, match="keeps no changes"):
        recovered.foreseen(data, "2026-11-28 14:00", None)


def test_files_and_redis_come_from_the_backup_and_the_database_from_the_archive(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    data = Data("tiny", "/srv/tiny", "tiny", Database("postgresql", "tiny", "tiny"), archive=ARCHIVE)
    monkeypatch.setattr(pgbackrest, "check", lambda _: None)
    monkeypatch.setattr(twins, "refuse", lambda _: None)
    whole = Manifest("20261128-030000", "tiny", "web1", "then", files=FilesPart(("/srv/tiny/data",), 7, "ab12"))
    backup = FromBackup(whole)
    assert recovered.foreseen(data, "latest", backup) is whole
    found = recovered.FromMoment(whole, PostgreSQL(Database("postgresql", "tiny", "tiny")), backup=backup)
    found.files(FilesPart((), 0, ""), "/there")
    with found.dump(RedisPart("7", 1, "cd34")):
        pass
    assert backup.asked == ["files to /there", "dump of RedisPart"]


def test_segments_that_wait_for_too_long_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archiving, "WAITING", f"{tmp_path}/{{version}}")
    assert list(archiving.late(ARCHIVE, 1e9)) == []
    (tmp_path / "15").mkdir()
    for name, when in (("1.ready", 1000), ("2.ready", 1800), ("0.done", 0)):
        (tmp_path / "15" / name).touch()
        os.utime(tmp_path / "15" / name, (when, when))
    assert list(archiving.late(ARCHIVE, 1900)) == []
    (reason,) = archiving.late(ARCHIVE, 1901)
    assert reason.text == "PostgreSQL's changes of the last 15 minutes are not in the archive: 2 segments wait"


def test_what_is_wrong_with_an_archive_is_known_from_the_record(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archiving, "WAITING", f"{tmp_path}/{{version}}")
    (tmp_path / "15").mkdir()
    (tmp_path / "15" / "1.ready").touch()
    good = Run("archive", "a", "", "2027-01-15T03:00:00Z", True)
    bad = Run("archive", "b", "", "2027-01-15T05:36:00Z", False, error="it does not answer")
    late = 4e9
    assert list(archiving.wrong(ARCHIVE, [], late)) == []
    assert [reason.kind for reason in archiving.wrong(ARCHIVE, [good], late)] == ["archive-late"]
    assert [reason.kind for reason in archiving.wrong(ARCHIVE, [good, bad], late)] == ["archive-failed", "archive-late"]
    drill = Run("drill", "c", "", "2027-01-15T05:36:00Z", True)
    assert [reason.kind for reason in archiving.wrong(ARCHIVE, [drill, good], 0)] == ["archive-unproven"]
    assert list(archiving.wrong(ARCHIVE, [good, replace(drill, details={"archive": "then"})], 0)) == []
    (failed,) = archiving.wrong(ARCHIVE, [bad], late)
    assert failed.text == (
        "the server could not be copied for point-in-time recovery (2027-01-15T05:36:00Z): it does not answer"
    )


def test_everything_that_can_be_wrong_with_an_archive_has_a_remedy() -> None:
    kinds = re.findall(r'Reason\(\s*"([a-z-]+)"', Path(archiving.__file__ or "").read_text())
    assert len(kinds) == 3
    found = list(looks.backups("tiny", [Reason(kind, f"{kind}!") for kind in kinds]))
    assert [trouble.id for trouble in found] == [f"data:{kind}" for kind in kinds]


@pytest.mark.parametrize(
    ("said", "error"),
    [
        ([], "the archive holds no copy"),
        ([{"db": [{"id": 1, "version": "15"}], "backup": [], "repo": [{"status": {"code": 2}}]}], "holds no copy"),
        (
            [{"db": [{"id": 1, "version": "13"}], "backup": [{"database": {"id": 1}}], "repo": []}],
            "one of PostgreSQL 13, and the server here is 15",
        ),
        (
            [{"db": [], "backup": [], "repo": [{"status": {"code": 99, "message": "[HostConnectError] no"}}]}],
            "the archive cannot be looked at",
        ),
    ],
)
def test_what_nothing_can_be_recovered_from_is_told_before_anything_is_done(
    monkeypatch: pytest.MonkeyPatch, said: list[object], error: str
) -> None:
    monkeypatch.setattr(pgbackrest, "_run", lambda *_, **__: json.dumps(said))
    with pytest.raises(AgentError, match=error):
        pgbackrest.check(ARCHIVE)


def test_an_archive_of_this_version_will_do(monkeypatch: pytest.MonkeyPatch) -> None:
    db = [{"id": 1, "version": "13"}, {"id": 2, "version": "15"}]
    said = [{"db": db, "backup": [{"database": {"id": 1}}, {"database": {"id": 2}}], "repo": [{"status": {"code": 0}}]}]
    monkeypatch.setattr(pgbackrest, "_run", lambda *_, **__: json.dumps(said))
    pgbackrest.check(ARCHIVE)


def test_an_archive_of_another_server_is_made_ready_for_this_one(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []

    def run(_archive: Archive, *words: str, timeout: float = 0) -> str:
        said.append(words[-1])
        if words[-1] == "stanza-create":
            raise RepositoryFailed("failed", output=refusal)
        return ""

    monkeypatch.setattr(pgbackrest, "_run", run)
    refusal = (
        "ERROR: [028]: backup and archive info files exist but do not match the database\nHINT: use stanza-upgrade"
    )
    pgbackrest.ready(ARCHIVE)
    assert said == ["stanza-create", "stanza-upgrade"]
    refusal = "ERROR: [032]: key/value"
    with pytest.raises(RepositoryFailed):
        pgbackrest.ready(ARCHIVE)


@pytest.mark.parametrize(("age", "kind"), [(6.9, "incr"), (7.1, "full"), (None, "full")])
def test_a_whole_copy_is_made_each_week(monkeypatch: pytest.MonkeyPatch, age: float | None, kind: str) -> None:
    now = 1_800_000_000.0
    there = [] if age is None else [{"label": "a", "type": "full", "timestamp": {"stop": now - age * 86400}}]
    said: list[str] = []

    def run(_archive: Archive, *words: str, timeout: float = 0) -> str:
        said.append(" ".join(words))
        return ""

    monkeypatch.setattr(pgbackrest.time, "time", lambda: now)
    monkeypatch.setattr(pgbackrest, "copies", lambda _: there or [{"label": "a", "type": "incr"}][: len(said) > 1])
    monkeypatch.setattr(pgbackrest, "_run", run)
    assert pgbackrest.copy(ARCHIVE) == "a"
    assert said == ["stanza-create", f"--type={kind} backup"]


@pytest.mark.parametrize(
    ("system", "archived", "refused"),
    [
        ("71", "000000010000000000000004", True),
        ("71", "000000010000000000000003", False),
        ("71", None, False),
        ("72", "000000010000000000000004", False),
    ],
    ids=["ahead of it", "as far", "nothing yet", "another's"],
)
def test_a_server_made_from_the_same_image_as_the_archives_is_refused(
    monkeypatch: pytest.MonkeyPatch, system: str, archived: str | None, refused: bool
) -> None:
    known = [{"id": 1, "system-id": 70}, {"id": 2, "system-id": 71}]
    parts = [
        {"database": {"id": 1}, "max": "000000010000000000000009"},
        {"database": {"id": 2}, "max": archived},
    ]
    said = [{"db": known, "archive": parts, "repo": []}]
    monkeypatch.setattr(pgbackrest, "_run", lambda *_, **__: json.dumps(said))
    monkeypatch.setattr(psql, "runs", lambda _: True)
    monkeypatch.setattr(psql, "ask", lambda _: [[system, "000000010000000000000003"]])
    with pytest.raises(RepositoryFailed, match="of the same identifier") if refused else nullcontext():
        twins.refuse(ARCHIVE)


def test_a_server_that_does_not_run_is_taken_for_nobodys_twin(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(psql, "runs", lambda _: False)
    twins.refuse(ARCHIVE)
