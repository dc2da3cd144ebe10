"""Figures of a MariaDB database, reckoned by the server: no row leaves it.

The checksum of a table is the sum of its rows' MD5, in two halves: sums do not depend on the order of the rows, and do
not lose two rows that are equal, as a XOR would.
"""

from __future__ import annotations

from seawall.agent.data.engines.mariadb_client import FIGURES_PATIENCE, Client, literal, quoted
from seawall.agent.data.engines.pace import Pace
from seawall.agent.data.figures import TableFigures

#: Types whose text is the value; of all others the bytes count, in whatever character set they are.
# fmt: off
PLAIN = frozenset({
    "tinyint", "smallint", "mediumint", "int", "bigint", "decimal", "float", "double", "year", "date", "time",
    "datetime", "timestamp", "uuid", "inet4", "inet6",
})
#: Types that may be too long for a text of several columns (max_allowed_packet).
LONG = frozenset({
    "tinytext", "text", "mediumtext", "longtext", "tinyblob", "blob", "mediumblob", "longblob", "json", "geometry",
    "point", "linestring", "polygon", "multipoint", "multilinestring", "multipolygon", "geometrycollection",
})
# fmt: on
#: Names of all that a database has besides rows, as if they were rows of a table.
DEFINITIONS = "(definitions)"
#: What has a name in a database, by the view of information_schema that lists it.
NAMED = {
    "columns": ("table_schema", "table_name, column_name"),
    "statistics": ("table_schema", "table_name, index_name, seq_in_index, column_name"),
    "referential_constraints": ("constraint_schema", "table_name, constraint_name"),
    "views": ("table_schema", "table_name"),
    "triggers": ("trigger_schema", "event_object_table, trigger_name"),
    "routines": ("routine_schema", "routine_type, routine_name"),
    "events": ("event_schema", "event_name"),
}


def figures(client: Client, database: str, pace: Pace | None = None) -> dict[str, TableFigures]:
    """Of every table, in the transaction that the connection is in, at a pace. Raises CommandFailed."""
    columns = _columns(client, database)
    lengths = _lengths(client, database) if pace else {}
    found = {}
    for table, names in columns.items():
        resting = f" WHERE {_rests(pace, lengths.get(table, 0))}" if pace else ""
        rows = f"SELECT MD5({row(names)}) AS h FROM {quoted(database)}.{quoted(table)}{resting}"
        found[table] = _sum(client, rows)
    found[DEFINITIONS] = definitions(client, database)
    return found


def definitions(client: Client, database: str) -> TableFigures:
    """Of the names of all that is defined in the database: a copy lacks none. Raises CommandFailed."""
    return _sum(client, " UNION ALL ".join(_names(view, database) for view in NAMED))


def _columns(client: Client, database: str) -> dict[str, list[tuple[str, str]]]:
    """Each table's columns with their types. When a row of a versioned table began is told by no dump."""
    rows = client.ask(
        "SELECT HEX(t.table_name), HEX(c.column_name), c.data_type"
        " FROM information_schema.tables t JOIN information_schema.columns c USING (table_schema, table_name)"
        f" WHERE t.table_schema = {literal(database)} AND t.table_type IN ('BASE TABLE', 'SYSTEM VERSIONED')"
        " AND COALESCE(c.generation_expression, '') NOT IN ('ROW START', 'ROW END')"
        " ORDER BY t.table_name, c.ordinal_position"
    )
    tables: dict[str, list[tuple[str, str]]] = {}
    for table, column, kind in rows:
        tables.setdefault(text(table), []).append((text(column), kind.lower()))
    return tables


def _lengths(client: Client, database: str) -> dict[str, int]:
    """Bytes of a row of each table, as the server reckons."""
    rows = client.ask(
        "SELECT HEX(table_name), COALESCE(avg_row_length, 0) FROM information_schema.tables"
        f" WHERE table_schema = {literal(database)}"
    )
    return {text(table): int(length) for table, length in rows}


def _rests(pace: Pace, length: int) -> str:
    """A condition that is true of every row, after a rest now and then: which, is left to chance, by their length."""
    return f"IF(RAND() < {length / pace.after:f}, SLEEP({pace.rest:f}), 0) = 0"


def row(columns: list[tuple[str, str]]) -> str:
    """All of a row as one text, in which nothing is not empty and no value runs into the next: hexadecimal digits and
    numbers have neither a comma nor an N."""
    return f"CONCAT_WS(',', {', '.join(_value(quoted(name), kind) for name, kind in columns)})"


def _value(name: str, kind: str) -> str:
    if kind in PLAIN:
        return f"COALESCE(CAST({name} AS CHAR), 'N')"
    return f"COALESCE({'MD5' if kind in LONG else 'HEX'}({name}), 'N')"


def _names(view: str, database: str) -> str:
    schema, names = NAMED[view]
    return (
        f"SELECT MD5(CONCAT_WS(',', '{view}', {names})) AS h FROM information_schema.{view}"
        f" WHERE {schema} = {literal(database)}"
    )


def _sum(client: Client, rows: str) -> TableFigures:
    halves = ", ".join(f"COALESCE(SUM(CAST(CONV({side}(h, 15), 16, 10) AS UNSIGNED)), 0)" for side in ("LEFT", "RIGHT"))
    answer = client.ask(f"SELECT COUNT(*), {halves} FROM ({rows}) AS hashes", timeout=FIGURES_PATIENCE)
    number, left, right = answer[0]
    return TableFigures(int(number), f"{int(left):x}-{int(right):x}")


def text(digits: str) -> str:
    """What ``HEX`` of a name stands for."""
    return bytes.fromhex(digits).decode()
