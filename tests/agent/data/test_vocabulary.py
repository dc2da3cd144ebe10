"""What a host's jobs are told comes back as it was sent."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from seawall.agent.data.vocabulary import (
    Archive,
    Data,
    Database,
    DrillSettings,
    RedisServer,
    Repository,
    Retention,
    data_from_wire,
    data_to_wire,
)

WHOLE = Data(
    app="guestbook",
    base="/srv/guestbook",
    user="guestbook",
    database=Database("postgresql", "guestbook", "guestbook", socket="/var/run/postgresql", connections=32),
    redis=RedisServer("/run/guestbook/redis.sock", "/srv/guestbook/redis", "redis-guestbook.service"),
    folders=("/srv/guestbook/data",),
    repository=Repository("s3:https://s3.example.com/backups", "/srv/guestbook/state/backup.env"),
    retention=Retention(3, 2, 1),
    drill=DrillSettings("flask check"),
    archive=Archive("/etc/pgbackrest/seawall-guestbook.conf", "guestbook", "15"),
    former=(Database("mariadb", "guestbook", "guestbook"),),
)


@pytest.mark.parametrize("data", [WHOLE, Data("guestbook", "/srv/guestbook", "guestbook")], ids=["whole", "bare"])
def test_what_is_written_as_json_is_read_back_the_same(data: Data) -> None:
    assert data_from_wire(json.loads(json.dumps(data_to_wire(data)))) == data


def test_what_a_later_version_wrote_besides_is_passed_over() -> None:
    wire = {**data_to_wire(WHOLE), "later": 1, "database": {"kind": "sqlite", "path": "/a.db", "later": [1]}}
    assert data_from_wire(wire) == replace(WHOLE, database=Database("sqlite", path="/a.db"))
