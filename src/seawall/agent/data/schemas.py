"""The schema of a database as lines of text, so that two moments can be compared: tables, columns, indexes,
constraints, and the revision that Alembic has noted.

Read from the catalogs (PostgreSQL's "System Catalogs", MariaDB's "Information Schema Tables", SQLite's "Schema Table"),
never from the rows: it takes as long for a large database as for a small one.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from seawall.agent.data import rights
from seawall.agent.data.engines import mariadb_client
from seawall.agent.data.vocabulary import Database
from seawall.agent.process import check

#: Bound on one look, seconds. A migration that still holds its locks would keep it waiting.
PATIENCE = 60
#: The user that Debian's PostgreSQL runs as; the server takes its word over the socket.
POSTGRES = "postgres"
#: Most lines of a difference that are shown.
SHOWN = 20

POSTGRESQL = r"""
WITH own AS (
  SELECT c.oid, c.relkind, format('%I.%I', n.nspname, c.relname) AS name
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE n.nspname <> 'information_schema' AND n.nspname !~ '^pg_')
SELECT replace(line, E'\n', ' ') FROM (
  SELECT CASE relkind WHEN 'v' THEN 'view ' || name || ' ' || pg_get_viewdef(oid)
    WHEN 'm' THEN 'view ' || name || ' ' || pg_get_viewdef(oid) WHEN 'S' THEN 'sequence ' || name
    ELSE 'table ' || name END AS line FROM own WHERE relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
  UNION ALL SELECT 'column ' || name || '.' || quote_ident(attname) || ' ' || format_type(atttypid, atttypmod)
    || CASE WHEN attnotnull THEN ' not null' ELSE '' END || coalesce(' default ' || pg_get_expr(adbin, adrelid), '')
    FROM own JOIN pg_attribute ON attrelid = own.oid LEFT JOIN pg_attrdef ON adrelid = own.oid AND adnum = attnum
    WHERE relkind IN ('r', 'p', 'f') AND attnum > 0 AND NOT attisdropped
  UNION ALL SELECT 'index ' || pg_get_indexdef(indexrelid) || CASE WHEN indisvalid THEN '' ELSE ' (not valid)' END
    FROM own JOIN pg_index ON indrelid = own.oid
  UNION ALL SELECT 'constraint ' || name || '.' || quote_ident(conname) || ' ' || pg_get_constraintdef(con.oid)
    FROM own JOIN pg_constraint con ON conrelid = own.oid
  UNION ALL SELECT 'type ' || enumtypid::regtype || ' ' || string_agg(enumlabel, ', ' ORDER BY enumsortorder)
    FROM pg_enum GROUP BY enumtypid) AS lines;
SELECT format('SELECT ''revision '' || version_num FROM %I.%I', n.nspname, c.relname)
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_attribute a ON a.attrelid = c.oid
  WHERE c.relname = 'alembic_version' AND c.relkind = 'r' AND a.attname = 'version_num'
    AND a.atttypid IN ('text'::regtype, 'varchar'::regtype) \gexec
"""
MARIADB = """
SELECT CONCAT('table ', TABLE_NAME, ' ', COALESCE(ENGINE, TABLE_TYPE), ' ', COALESCE(TABLE_COLLATION, ''))
  FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE();
SELECT CONCAT('column ', TABLE_NAME, '.', COLUMN_NAME, ' ', COLUMN_TYPE, IF(IS_NULLABLE = 'NO', ' not null', ''),
    COALESCE(CONCAT(' default ', COLUMN_DEFAULT), ''), ' ', EXTRA)
  FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = DATABASE();
SELECT CONCAT(IF(MIN(NON_UNIQUE), 'index ', 'unique index '), TABLE_NAME, '.', INDEX_NAME, ' ',
    GROUP_CONCAT(COLUMN_NAME ORDER BY SEQ_IN_INDEX))
  FROM information_schema.STATISTICS WHERE TABLE_SCHEMA = DATABASE() GROUP BY TABLE_NAME, INDEX_NAME;
SELECT CONCAT('constraint ', TABLE_NAME, '.', CONSTRAINT_NAME, ' ', CONSTRAINT_TYPE)
  FROM information_schema.TABLE_CONSTRAINTS WHERE TABLE_SCHEMA = DATABASE();
"""
MARIADB_REVISION = "SELECT CONCAT('revision ', version_num) FROM alembic_version;"
SQLITE = "SELECT type || ' ' || name || coalesce(' ' || sql, '') FROM sqlite_schema"
SQLITE_REVISION = "SELECT 'revision ' || version_num FROM alembic_version"

Schema = tuple[str, ...]


def read(database: Database) -> Schema:
    """The schema now, as sorted lines. Raises CommandFailed."""
    return tuple(sorted(_READ[database.kind](database)))


def size(database: Database) -> int:
    """What the database takes on the disk, bytes: a dump of it takes about as much. Raises CommandFailed."""
    if database.kind == "sqlite":
        path = Path(database.path)
        return path.stat().st_size if path.exists() else 0
    if database.kind == "postgresql":
        return int(_psql(database, "SELECT pg_database_size(current_database())")[0])
    total = "SELECT COALESCE(SUM(DATA_LENGTH + INDEX_LENGTH), 0) FROM information_schema.TABLES"
    return int(float(_mariadb(database, f"{total} WHERE TABLE_SCHEMA = DATABASE()")[0]))


def difference(before: Schema, after: Schema) -> list[str]:
    """What has come (``+``) and gone (``-``), at most :data:`SHOWN` lines."""
    told = [
        *(f"- {line}" for line in before if line not in after),
        *(f"+ {line}" for line in after if line not in before),
    ]
    more = len(told) - SHOWN
    return [*told[:SHOWN], *([f"and {more} more"] if more > 0 else [])]


def _of_postgresql(database: Database) -> Sequence[str]:
    return _psql(database, POSTGRESQL)


def _of_mariadb(database: Database) -> Sequence[str]:
    lines = _mariadb(database, MARIADB)
    versioned = any(line.startswith("table alembic_version ") for line in lines)
    return [*lines, *(_mariadb(database, MARIADB_REVISION) if versioned else ())]


def _of_sqlite(database: Database) -> Sequence[str]:
    found: list[str] = rights.run(database.user, lambda: _sqlite_lines(database.path))
    return found


def _sqlite_lines(path: str) -> list[str]:
    """With the app's own rights: what it has put there might be a link."""
    if not Path(path).exists():
        return []
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=PATIENCE) as opened:
        lines = [" ".join(row[0].split()) for row in opened.execute(SQLITE)]
        if any(line.startswith("table alembic_version ") for line in lines):
            lines += [row[0] for row in opened.execute(SQLITE_REVISION)]
    return lines


_READ: dict[str, Callable[[Database], Sequence[str]]] = {
    "postgresql": _of_postgresql,
    "mariadb": _of_mariadb,
    "sqlite": _of_sqlite,
}


def _psql(database: Database, script: str) -> list[str]:
    argv = ["psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d", database.name]
    env = {"PGHOST": database.socket} if database.socket else {}
    return _lines(argv, script, user=POSTGRES, env=env)


def _mariadb(database: Database, script: str) -> list[str]:
    options = ("--batch", "--skip-column-names", f"--database={database.name}")
    return _lines(mariadb_client.argv("mariadb", database.socket, *options), script)


def _lines(argv: Sequence[str], script: str, **options: Any) -> list[str]:
    done = check(argv, input=script, timeout=PATIENCE, **options)
    return [line for line in done.stdout.splitlines() if line]
