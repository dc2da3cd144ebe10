"""A replica and what it follows by, told from what the hosts are like. That it follows is tested on hosts."""

from __future__ import annotations

from pathlib import Path

import pytest

from seawall.agent.data import fence, psql
from seawall.agent.data.fence import Fence, Promotion
from seawall.agent.data.wanted import (
    REPLICATION,
    PostgresqlDatabase,
    PostgresqlDoor,
    PostgresqlReplica,
    PostgresqlReplication,
    PostgresqlServer,
)
from seawall.agent.errors import ApplyFailed
from seawall.agent.resources import postgresql_database, postgresql_replica, postgresql_replication, postgresql_server
from seawall.agent.resources.postgresql_door import lines
from seawall.agent.resources.postgresql_replica import ReplicaFound
from seawall.agent.resources.postgresql_replication import ReplicationFound
from seawall.agent.resources.work import Work
from seawall.agent.undo import UndoLog

REPLICA = PostgresqlReplica("15", "host=10.0.0.9 user=follower", "seawall_shop")
FOLLOWED = PostgresqlReplication("15", "follower", "seawall_shop", "correct horse")


def answering(monkeypatch: pytest.MonkeyPatch, standby: str, empty: str) -> None:
    monkeypatch.setattr(psql, "runs", lambda _version: True)
    monkeypatch.setattr(psql, "ask", lambda asked: [[standby]] if "recovery" in asked else [[empty]])


def test_a_standby_is_left_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    answering(monkeypatch, "t", "f")
    found = postgresql_replica.observe(REPLICA)
    assert postgresql_replica.diff(REPLICA, found) is None


def test_a_server_that_nobody_uses_becomes_a_copy(monkeypatch: pytest.MonkeyPatch) -> None:
    answering(monkeypatch, "f", "t")
    change = postgresql_replica.diff(REPLICA, postgresql_replica.observe(REPLICA))
    assert change is not None
    assert change.diff == "a copy of all that the primary holds, which follows it by the slot seawall_shop"


def test_a_server_with_databases_of_its_own_is_never_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    answering(monkeypatch, "f", "f")
    with pytest.raises(ApplyFailed, match="a replica would take their place") as raised:
        postgresql_replica.observe(REPLICA)
    assert "pg_dropcluster" in raised.value.remedy


def test_a_host_without_a_server_gets_both() -> None:
    assert postgresql_replica.diff(REPLICA, ReplicaFound()) is not None


def test_the_role_and_the_slot_come_and_go_together() -> None:
    made = postgresql_replication.diff(FOLLOWED, ReplicationFound())
    assert made is not None
    assert "correct horse" not in repr(FOLLOWED) + made.diff
    assert made.action == "create"
    assert postgresql_replication.diff(FOLLOWED, ReplicationFound(role=True, kept=True, slot=True)) is None
    gone = PostgresqlReplication("15", "follower", "seawall_shop")
    change = postgresql_replication.diff(gone, ReplicationFound(role=True, slot=True))
    assert change is not None
    assert change.diff == "role follower goes\nslot seawall_shop goes"
    assert postgresql_replication.diff(gone, ReplicationFound()) is None


def test_a_replica_comes_to_replicate_and_for_nothing_else() -> None:
    door = PostgresqlDoor("15", REPLICATION, "follower", "10.0.0.9", ("10.0.0.10",))
    assert lines(door)[1:] == (
        'hostssl replication "follower" 10.0.0.10/32 scram-sha-256',
        'host all,replication "follower" all reject',
    )


def test_an_old_primary_becomes_a_copy_and_what_it_held_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    mark = Fence("7", "root@db2", "ada@desk", "2026-11-28T20:00:00Z")
    monkeypatch.setattr(fence, "fence", lambda _version: mark)
    change = postgresql_replica.diff(REPLICA, postgresql_replica.observe(REPLICA))
    assert change is not None
    assert "what it held as the primary is kept in /var/lib/postgresql/15/main.fenced" in change.diff
    server = PostgresqlServer("15", "/etc/postgresql/15/main/conf.d/seawall.conf", ("work_mem=8MB",))
    monkeypatch.setattr(psql, "is_there", lambda _version: True)
    assert postgresql_server.diff(server, postgresql_server.observe(server)) is None, "it is not started before"
    with pytest.raises(ApplyFailed, match="is fenced"):
        postgresql_database.observe(PostgresqlDatabase("15", "shop", "shop", "correct horse"))


def test_one_that_took_the_primarys_place_is_never_replaced_by_a_stale_file(monkeypatch: pytest.MonkeyPatch) -> None:
    answering(monkeypatch, "f", "f")
    made = Promotion("7", "root@db1", "10.0.0.9", "ada@desk", "2026-11-28T20:00:00Z", fenced=True)
    monkeypatch.setattr(fence, "promotion", lambda _version: made)
    with pytest.raises(ApplyFailed, match="is the primary: it took the place of root@db1") as raised:
        postgresql_replica.observe(REPLICA)
    assert "pg_dropcluster" not in raised.value.remedy


def test_a_server_whose_databases_are_seen_only_once_it_runs_is_not_replaced(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(psql, "runs", lambda _version: False)
    found = postgresql_replica.observe(REPLICA)
    answering(monkeypatch, "f", "f")
    work = Work(UndoLog(str(tmp_path / "undo")), lambda _: None, lambda: False)
    with pytest.raises(ApplyFailed, match="holds databases of its own"):
        postgresql_replica.apply(REPLICA, found, work)


def test_a_copy_that_does_not_follow_leaves_the_old_primary_fenced_as_it_was(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    mark = Fence("7", "root@db2", "ada@desk", "2026-11-28T20:00:00Z")
    marks, told = [mark], []
    data = tmp_path / "main"
    data.mkdir()
    (data / "old").touch()

    def lift(_version: str) -> Fence:
        return marks.pop()

    def follows_not(_resource: PostgresqlReplica) -> None:
        raise ApplyFailed("it does not follow")

    monkeypatch.setattr(fence, "fence", lambda _version: marks[0] if marks else None)
    monkeypatch.setattr(fence, "lift", lift)
    monkeypatch.setattr(fence, "put_up", lambda _version, made: marks.append(made))
    monkeypatch.setattr(postgresql_replica, "_data", lambda _resource: data)
    monkeypatch.setattr(postgresql_replica, "_copy", lambda _resource, to, _work: to.mkdir())
    monkeypatch.setattr(postgresql_replica, "_must_follow", follows_not)
    monkeypatch.setattr(postgresql_replica, "systemctl", lambda *words: told.append(words[2]))
    work = Work(UndoLog(str(tmp_path / "undo")), lambda _: None, lambda: False)
    with pytest.raises(ApplyFailed, match="does not follow"):
        postgresql_replica.apply(REPLICA, postgresql_replica.observe(REPLICA), work)
    assert marks == [mark]
    assert (data / "old").exists()
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith("main")] == ["main"]
    assert told == ["stop", "start", "stop"], "and it is not started again"
