r"""What is asked of PostgreSQL, as text for psql, whose ``\gexec`` runs each answer as the next question (psql(1))."""

from __future__ import annotations

from collections.abc import Iterable

from seawall.agent.data.engines.pace import Pace

#: Under these a value has one text, wherever and whenever it is written down: what is compared is text.
FIXED = """
SET search_path = '';
SET TimeZone = 'UTC';
SET DateStyle = 'ISO, YMD';
SET IntervalStyle = 'postgres';
SET extra_float_digits = 3;
SET bytea_output = 'hex';
SET lc_monetary = 'C';
SET xmlbinary = 'base64';
SET row_security = off;
SET max_parallel_workers_per_gather = 0;
SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
"""

BEGIN = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;\n"

#: Whatever is neither the system's nor an extension's: those come with the server.
_OWN = """
 n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
 AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
"""
_RELATIONS = f"pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE {_OWN}"

#: The number that the next row would get, for it depends on no snapshot: it is asked for before the dump begins. One
#: that counts downwards is negated, one that starts over tells nothing.
COUNTERS = f"""
SELECT format('SELECT json_build_array(%L, (CASE WHEN is_called THEN last_value + %s ELSE last_value END) * %s, '''', '
              'true) FROM %I.%I',
              n.nspname || '.' || c.relname, s.seqincrement, sign(s.seqincrement), n.nspname, c.relname)
 FROM pg_sequence s JOIN {_RELATIONS.replace(" WHERE", " ON s.seqrelid = c.oid WHERE", 1)} AND NOT s.seqcycle
 ORDER BY 1 \\gexec
"""  # noqa: S608

#: Rows and checksum of each table. The checksum is the sum of the rows' hashes, so their order is no matter. Partitions
#: are tables of their own; what a materialized view shows is made anew by a restore; foreign tables are elsewhere.
#: A cast to text could be the app's own, and would be run with the rights of who counts. The OFFSET keeps a row's text
#: from being made again wherever it is named.
_TABLES_FIGURES = f"""
SELECT format('SELECT json_build_array(%L, count(*), coalesce(sum(hashtextextended(line, 0)), 0)::text) '
              'FROM (SELECT textin(record_out("a row")) AS line FROM ONLY %I.%I AS "a row" OFFSET 0) AS lines'
              '{{resting}}',
              n.nspname || '.' || c.relname, n.nspname, c.relname)
 FROM {_RELATIONS} AND c.relkind = 'r' AND c.relpersistence <> 't' ORDER BY 1 \\gexec
SELECT json_build_array('(large objects)', count(*),
                        coalesce(sum(hashtextextended(oid::text || md5(lo_get(oid)), 0)::numeric), 0)::text)
 FROM pg_largeobject_metadata HAVING count(*) > 0;
"""  # noqa: S608

#: What there is besides rows, counted: a dump that lost its indexes would have all its rows.
SCHEMA_FIGURES = f"""
SELECT json_build_array('(indexes)', count(*), '') FROM {_RELATIONS} AND c.relkind IN ('i', 'I');
SELECT json_build_array('(views)', count(*), '') FROM {_RELATIONS} AND c.relkind IN ('v', 'm');
SELECT json_build_array('(constraints)', count(*), '') FROM pg_constraint k JOIN
 {_RELATIONS.replace(" WHERE", " ON k.conrelid = c.oid WHERE", 1)} AND k.contype IN ('p', 'u', 'f', 'c', 'x');
SELECT json_build_array('(triggers)', count(*), '') FROM pg_trigger t JOIN
 {_RELATIONS.replace(" WHERE", " ON t.tgrelid = c.oid WHERE", 1)} AND NOT t.tgisinternal;
"""  # noqa: S608

#: Whether there is a rest after a row is left to chance, by its length: a query keeps no count of what it has done.
_RESTING = (
    " WHERE CASE WHEN random() < octet_length(line) / {after}::float8 THEN pg_sleep({rest}) IS NOT NULL ELSE true END"
)

SNAPSHOT = "SELECT json_build_array(pg_export_snapshot());\n"

#: Transactions that this server holds and a session's view (pg_snapshot) did not.
_SINCE = """
SELECT count(*) FROM (
 SELECT pg_snapshot_xip({seen}::pg_snapshot) AS number
 UNION ALL SELECT n::text::xid8 FROM generate_series(
  pg_snapshot_xmax({seen}::pg_snapshot)::text::bigint, pg_snapshot_xmax(pg_current_snapshot())::text::bigint - 1) n
) others WHERE pg_xact_status(number) = 'committed'
"""

REPLAYED = """SELECT coalesce(
 to_char(pg_last_xact_replay_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'), '')"""

HOLDS_ANYTHING = f"SELECT EXISTS (SELECT FROM {_RELATIONS} AND c.relkind IN ('r', 'p', 'v', 'm', 'S', 'f'))"  # noqa: S608
TABLES = f"SELECT n.nspname, c.relname FROM {_RELATIONS} AND c.relkind IN ('r', 'p') ORDER BY 1, 2"  # noqa: S608
RELATIONS = f"SELECT n.nspname, c.relname FROM {_RELATIONS} ORDER BY 1, 2"  # noqa: S608


def tables_figures(pace: Pace | None) -> str:
    """The questions for rows and checksums of all tables, at a pace, or as quickly as they can be answered."""
    return _TABLES_FIGURES.format(resting=_RESTING.format(rest=pace.rest, after=pace.after) if pace else "")


def name(*parts: str) -> str:
    """An identifier, quoted, with its schema if that comes first."""
    return ".".join('"' + part.replace('"', '""') + '"' for part in parts)


def text(value: str) -> str:
    """A string constant, whatever ``standard_conforming_strings`` is."""
    return "E'" + value.replace("\\", "\\\\").replace("'", "''") + "'"


def create(new: str, like: str, owner: str) -> str:
    """An empty database with encoding, collation, rights and settings of another, from which nothing else is taken."""
    return f"""
SELECT format('CREATE DATABASE %I OWNER %I TEMPLATE template0 ENCODING %L LC_COLLATE %L LC_CTYPE %L',
              {text(new)}, {text(owner)}, pg_encoding_to_char(encoding), datcollate, datctype)
 FROM pg_database WHERE datname = {text(like)} \\gexec
SELECT format('REVOKE ALL ON DATABASE %I FROM PUBLIC', {text(new)}) FROM pg_database
 WHERE datname = {text(like)} AND datacl IS NOT NULL \\gexec
SELECT format('GRANT %s ON DATABASE %I TO %s', a.privilege_type, {text(new)},
              CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(a.grantee::regrole::text) END)
 FROM pg_database, aclexplode(datacl) a WHERE datname = {text(like)} AND a.grantee <> datdba \\gexec
SELECT format('ALTER DATABASE %I SET %I TO %s', {text(new)}, split_part(setting, '=', 1),
              CASE WHEN split_part(setting, '=', 1) IN ('search_path', 'local_preload_libraries',
                                                        'session_preload_libraries', 'temp_tablespaces')
                   THEN substr(setting, strpos(setting, '=') + 1)
                   ELSE quote_literal(substr(setting, strpos(setting, '=') + 1)) END)
 FROM pg_db_role_setting s JOIN pg_database b ON b.oid = s.setdatabase, unnest(setconfig) setting
 WHERE datname = {text(like)} AND setrole = 0 \\gexec
"""  # noqa: S608


def extensions(role: str) -> str:
    """The statements that make the extensions which somebody else than ``role`` has made: it may lack the right to."""
    return f"""
SELECT format('CREATE EXTENSION IF NOT EXISTS %I CASCADE;', extname) FROM pg_extension
 WHERE extname <> 'plpgsql' AND pg_get_userbyid(extowner) <> {text(role)} ORDER BY oid
"""  # noqa: S608


def point(called: str) -> str:
    """Set a point in the log; the answer is what the transaction sees."""
    return f"SELECT json_build_array(pg_current_snapshot()::text) FROM pg_create_restore_point({text(called)});\n"  # noqa: S608


def since(seen: str) -> str:
    return _SINCE.format(seen=text(seen))


def end_connections(names: Iterable[str]) -> str:
    listed = ", ".join(text(one) for one in names)
    return f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname IN ({listed})"  # noqa: S608


def sizes(role: str) -> str:
    """The databases of a role, and the bytes of each."""
    return f"SELECT datname, pg_database_size(oid) FROM pg_database WHERE pg_get_userbyid(datdba) = {text(role)}"  # noqa: S608
