"""What the file says once the replica is the primary: exact texts, and that they mean so."""

from __future__ import annotations

from pathlib import Path

import pytest

from seawall.config.document import find
from seawall.config.load import load, to_deploy
from seawall.config.promoted import promoted
from seawall.errors import ConfigError

HEAD = 'name = "shop"\nhosts = ["root@web"]\n\n[app]\nentry = "shop:app"\n'
TABLE = """
[database]
kind = "postgresql"
host = "root@db1"            # in the cellar
address = "10.0.0.9"
replica = "root@db2"
replica_address = "10.0.0.10"
"""


def after(folder: Path, text: str, environment: str = "production") -> str:
    (folder / "seawall.toml").write_text(text)
    (folder / "requirements.txt").touch()
    change = promoted(find(folder), load(folder, environment))
    database = to_deploy(change.document, environment).database
    assert (database.host, database.replica, database.replica_address) == ("root@db2", "", "")
    return change.document.text


def test_the_replica_takes_the_hosts_lines_and_the_app_keeps_its_variable(tmp_path: Path) -> None:
    told = (
        "\n[database]\n"
        'kind = "postgresql"\n'
        'host = "root@db2"            # in the cellar\n'
        'address = "10.0.0.10"\n'
        'replica_variable = "DATABASE_REPLICA_URL"\n'
    )
    assert after(tmp_path, HEAD + TABLE) == HEAD + told


def test_without_addresses_there_is_none_afterwards(tmp_path: Path) -> None:
    text = TABLE.replace('address = "10.0.0.9"\n', "").replace('replica_address = "10.0.0.10"\n', "")
    text += 'replica_variable = "READS"\n'
    assert "address" not in after(tmp_path, HEAD + text)
    assert 'replica_variable = "READS"\n' in (after(tmp_path, HEAD + text))


def test_an_environment_of_its_own_is_changed_where_it_is_written_and_production_is_not(tmp_path: Path) -> None:
    staging = TABLE.replace("[database]", "[environments.staging.database]").replace("db1", "stage1")
    told = after(tmp_path, HEAD + TABLE.replace("db2", "db9") + staging, "staging")
    assert TABLE.replace("db2", "db9") in told
    assert told.endswith(
        "\n[environments.staging.database]\n"
        'kind = "postgresql"\n'
        'host = "root@db2"            # in the cellar\n'
        'address = "10.0.0.10"\n'
        'replica = ""\n'
        'replica_address = ""\n'
        'replica_variable = "DATABASE_REPLICA_URL"\n'
    )


def test_production_is_changed_in_its_own_table_where_it_has_one(tmp_path: Path) -> None:
    told = after(tmp_path, HEAD + TABLE.replace("[database]", "[environments.production.database]"))
    assert "\n[database]" not in told
    assert told.rpartition("[environments.production.database]")[2].endswith(
        'address = "10.0.0.10"\nreplica_variable = "DATABASE_REPLICA_URL"\n'
    )


def test_a_table_in_one_line_is_left_to_a_person(tmp_path: Path) -> None:
    line = 'database = { kind = "postgresql", host = "root@db1", replica = "root@db2" }\n'
    with pytest.raises(ConfigError, match="cannot be changed automatically") as raised:
        after(tmp_path, line + HEAD)
    assert 'host = "root@db2"' in raised.value.remedy
