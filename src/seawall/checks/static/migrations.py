"""SW62x: what a new migration drops, and where it keeps others waiting.

Only migrations that the live release has not brought are looked at, or the newest where that is not known: history has
run, and nobody should edit it.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator

from seawall.checks.finding import Evidence, Severity
from seawall.checks.ignore import Ignore
from seawall.checks.rule import Check, Rule
from seawall.checks.static.alembic import Operation, Revision, in_autocommit, new_revisions, operations, revisions
from seawall.checks.static.column_types import is_narrower, is_written_anew, read_type
from seawall.checks.static.source import Source
from seawall.config.detect.source import keyword, literal

ALTER_TABLE = "https://www.postgresql.org/docs/current/sql-altertable.html"
CREATE_INDEX = "https://www.postgresql.org/docs/current/sql-createindex.html#SQL-CREATEINDEX-CONCURRENTLY"
GUIDE = "docs/guides/databases.md"
#: What others make, with the name of the constraint before the columns.
VALIDATED = {
    "create_foreign_key": "a foreign key is checked",
    "create_check_constraint": "a check is made",
    "create_unique_constraint": "an index is built",
    "create_exclude_constraint": "an index is built",
    "create_primary_key": "an index is built",
}

#: A reason why an operation breaks a rule, "" if it does not.
Judge = Callable[[Operation], str]


def drops(operation: Operation) -> str:
    if operation.name == "drop_table":
        return f"table {operation.table or '?'} is dropped"
    if operation.name == "drop_column":
        column = literal(operation.argument("column_name", 0)) or "?"
        return f"column {operation.table or '?'}.{column} is dropped"
    said = {
        "drop": "a table is dropped",
        "drop-column": "a column is dropped",
        "truncate": "a table is emptied",
        "delete": "every row is deleted",
    }
    return said.get(operation.sql.kind, "") if operation.sql else ""


def renames(operation: Operation) -> str:
    if operation.name == "rename_table":
        return f"table {operation.table or '?'} gets another name"
    if operation.name == "alter_column" and operation.argument("new_column_name"):
        return f"a column of {operation.table or '?'} gets another name"
    return "it gets another name" if operation.sql and operation.sql.kind == "rename" else ""


def narrows(operation: Operation) -> str:
    if operation.name != "alter_column":
        return ""
    old, new = read_type(operation.argument("existing_type")), read_type(operation.argument("type_"))
    return f"{old.name.lower()} becomes {new.name.lower()}" if old and new and is_narrower(old, new) else ""


def index_blocks_writes(operation: Operation) -> str:
    made = operation.name == "create_index" and not operation.says("postgresql_concurrently")
    written = operation.sql and operation.sql.kind == "index" and " concurrently " not in operation.sql.text
    return f"writes to {operation.table or 'the table'} wait until it is built" if made or written else ""


def column_without_value(operation: Operation) -> str:
    """A column that must have a value, for rows that have none."""
    said = "the rows that are there have no value for it"
    if operation.name == "add_column":
        column = operation.argument("column", 0)
        if not isinstance(column, ast.Call) or not _is(keyword(column, "nullable"), False):
            return ""
        given = keyword(column, "server_default") or _generated(column)
        return "" if given else said
    text = operation.sql.text if operation.sql and operation.sql.kind == "column" else ""
    given = any(word in text for word in ("default", "generated", "auto_increment", "serial"))
    return said if "not null" in text and not given else ""


def type_rewrites(operation: Operation) -> str:
    said = "the table is written anew, and locked meanwhile"
    if operation.name == "alter_column" and operation.argument("type_") and not narrows(operation):
        old, new = read_type(operation.argument("existing_type")), read_type(operation.argument("type_"))
        return said if is_written_anew(old, new) else ""
    return said if operation.sql and operation.sql.kind == "type" else ""


def constraint_scans(operation: Operation) -> str:
    if operation.name in VALIDATED and not operation.says("postgresql_not_valid"):
        return f"{VALIDATED[operation.name]} over all of {operation.table or 'the table'}"
    if operation.name == "alter_column" and operation.says("nullable") is False:
        return f"all of {operation.table or 'the table'} is looked through for NULL"
    if operation.sql and operation.sql.kind == "not-null":
        return "the whole table is looked through for NULL"
    unchecked = operation.sql and operation.sql.kind == "constraint" and "not valid" not in operation.sql.text
    return "it is checked over the whole table" if unchecked else ""


def settled(source: Source, ignore: Ignore) -> bool:
    """Whether a comment ignores one of these rules in a migration that they look at no more: it had its time."""
    if ignore.rule not in IDS:
        return False
    new = {_path(source, revision) for revision in new_revisions(source)}
    return ignore.path in {_path(source, revision) for revision in revisions(source)} - new


def concurrently_in_transaction(source: Source) -> Iterator[Evidence]:
    """PostgreSQL refuses it: CREATE INDEX CONCURRENTLY cannot run inside a transaction block."""
    if not _may_be_postgresql(source):
        return
    for revision in new_revisions(source):
        for operation in operations(source, revision):
            asked = operation.name in ("create_index", "drop_index") and operation.says("postgresql_concurrently")
            written = operation.sql and operation.sql.kind == "index" and " concurrently " in operation.sql.text
            if (asked or written) and not in_autocommit(revision.module, operation.call):
                yield source.at(revision.module, operation.call)


def _looking(judge: Judge, *, postgresql: bool = False) -> Callable[[Source], Iterator[Evidence]]:
    """A rule's look: the operations that break it, but for those on tables that the same migration makes.
    ``postgresql`` is one that holds for that server alone."""

    def look(source: Source) -> Iterator[Evidence]:
        if postgresql and not _may_be_postgresql(source):
            return
        for revision in new_revisions(source):
            done = list(operations(source, revision))
            made = {operation.table for operation in done if _makes(operation)} - {""}
            for operation in done:
                fact = "" if operation.table in made else judge(operation)
                if fact:
                    yield source.at(revision.module, operation.call, fact)

    return look


def _makes(operation: Operation) -> bool:
    return operation.name == "create_table" or bool(operation.sql and operation.sql.kind == "create")


def _may_be_postgresql(source: Source) -> bool:
    """Not where the app is said to have another database."""
    url = source.project.env.get("DATABASE_URL", "") if source.project else ""
    return not url.startswith(("sqlite", "mysql", "mariadb"))


def _path(source: Source, revision: Revision) -> str:
    return source.line(revision.module.path, 0).path


def _generated(column: ast.Call) -> bool:
    """Whether the database makes the value itself: ``sa.Computed()``, ``sa.Identity()``."""
    called = (part.func for part in column.args if isinstance(part, ast.Call))
    return any(getattr(f, "attr", getattr(f, "id", "")) in ("Computed", "Identity") for f in called)


def _is(node: ast.expr | None, value: object) -> bool:
    return isinstance(node, ast.Constant) and node.value is value


CHECKS: tuple[Check[Source], ...] = (
    Check(
        Rule(
            "SW621",
            Severity.WARNING,
            "A migration removes data",
            "It is gone for good, and the old release, which serves until the switch and after a rollback, still asks "
            "for it.",
            "Stop using it in one release, and drop it in a later one; see that a backup has it.",
            GUIDE,
        ),
        _looking(drops),
    ),
    Check(
        Rule(
            "SW622",
            Severity.WARNING,
            "A migration renames what the old release uses",
            "The old release serves until the switch, and asks by the old name: its visitors get errors.",
            "Add the new one beside it, write both, copy, and drop the old one in a later release.",
            GUIDE,
        ),
        _looking(renames),
    ),
    Check(
        Rule(
            "SW623",
            Severity.WARNING,
            "A migration makes a column narrower",
            "A value that does not fit stops the migration, or is cut, depending on the database and its settings.",
            "Look for such values first; or add a column of the new type and copy what fits.",
            ALTER_TABLE,
        ),
        _looking(narrows),
    ),
    Check(
        Rule(
            "SW624",
            Severity.WARNING,
            "A migration builds an index while writing waits",
            "A plain CREATE INDEX locks the table against writes until it is done: on a large one, minutes of errors.",
            "Give postgresql_concurrently=True, under `with op.get_context().autocommit_block():`.",
            CREATE_INDEX,
        ),
        _looking(index_blocks_writes, postgresql=True),
    ),
    Check(
        Rule(
            "SW625",
            Severity.WARNING,
            "A migration adds a column that must not be empty, without a default",
            "With rows in the table it fails; and the old release, which does not know the column, can insert none.",
            "Give it a server_default; or add it nullable, fill it, and set NOT NULL in a later release.",
            ALTER_TABLE,
        ),
        _looking(column_without_value),
    ),
    Check(
        Rule(
            "SW626",
            Severity.WARNING,
            "A migration changes a column's type, which locks the table",
            "PostgreSQL writes the table and its indexes anew, under a lock that keeps even readers waiting.",
            "Add a column of the new type, copy in batches, and let the app change over; drop the old one later.",
            ALTER_TABLE,
        ),
        _looking(type_rewrites, postgresql=True),
    ),
    Check(
        Rule(
            "SW627",
            Severity.WARNING,
            "A migration adds a constraint that is checked while the table is locked",
            "Every row is looked at under a lock that keeps writers waiting, for NOT NULL readers too.",
            "Add it NOT VALID (postgresql_not_valid=True) and VALIDATE it in a migration of its own; a unique one from "
            "an index built CONCURRENTLY; NOT NULL after a valid CHECK.",
            ALTER_TABLE,
        ),
        _looking(constraint_scans, postgresql=True),
    ),
    Check(
        Rule(
            "SW628",
            Severity.WARNING,
            "A migration builds an index concurrently inside a transaction",
            "PostgreSQL refuses that, so the migration fails and the deployment stops.",
            "Put it under `with op.get_context().autocommit_block():`.",
            CREATE_INDEX,
        ),
        concurrently_in_transaction,
    ),
)
IDS = frozenset(check.rule.id for check in CHECKS)
