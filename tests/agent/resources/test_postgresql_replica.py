"""A replica and what it follows by, told from what the hosts are like. That it follows is tested on hosts."""

from __future__ import annotations

import pytest

from seawall.agent.data import psql
from seawall.agent.data.wanted import REPLICATION, PostgresqlDoor, PostgresqlReplica, PostgresqlReplication
from seawall.agent.errors import ApplyFailed
from seawall.agent.resources import postgresql_replica, postgresql_replication
from seawall.agent.resources.postgresql_door import lines
from seawall.agent.resources.postgresql_replica import ReplicaFound
from seawall.agent.resources.postgresql_replication import ReplicationFound

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
