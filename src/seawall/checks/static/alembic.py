"""Alembic's revisions, read and never run: which there are, which are new, and what their upgrade does.

Flask-Migrate's are the same files. The names are those of Alembic's operations
(https://alembic.sqlalchemy.org/en/latest/ops.html).
"""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from seawall.checks.static.guards import around
from seawall.checks.static.source import Source
from seawall.checks.static.sql import Statement, statements
from seawall.config.detect.source import Module, keyword, literal
from seawall.config.migrated import read_migrated

#: Operations whose arguments begin with the name of what they make, and then the table's.
NAMED_FIRST = frozenset(
    {"create_index", "create_foreign_key", "create_check_constraint", "create_unique_constraint", "create_primary_key"}
)
EXECUTES = frozenset({"execute", "exec_driver_sql", "scalar", "scalars"})


@dataclass(frozen=True)
class Operation:
    """One call in an upgrade: an operation of Alembic by its name, or ``execute`` with ``sql``, a statement of it.
    ``table`` is empty where it cannot be read; ``before`` counts the arguments that go before those of the batch
    form, which leaves out the table."""

    name: str
    call: ast.Call
    table: str
    before: int = 0
    sql: Statement | None = None

    def argument(self, name: str, position: int | None = None) -> ast.expr | None:
        """An argument by its name, or by its position in the batch form."""
        return keyword(self.call, name, None if position is None else position + self.before)

    def says(self, name: str) -> bool | None:
        """The truth value of a literal argument; None where there is none, or it is no literal."""
        given = self.argument(name)
        return bool(given.value) if isinstance(given, ast.Constant) else None


@dataclass(frozen=True)
class Revision:
    module: Module
    id: str
    down: frozenset[str]

    @property
    def folder(self) -> PurePosixPath:
        return self.module.folder


def revisions(source: Source) -> list[Revision]:
    """Every revision of the project."""
    return [revision for module in source.sources.main if (revision := _revision(module)) is not None]


def new_revisions(source: Source) -> list[Revision]:
    """Those that the live release has not brought; in a folder of which nothing is known, the newest."""
    every = revisions(source)
    known = read_migrated(source.project.directory, source.project.environment) if source.project else {}
    followed = {down for revision in every for down in revision.down}
    settled = {PurePosixPath(path).parent for path in known}
    return [
        revision
        for revision in every
        if (_differs(source, revision, known) if revision.folder in settled else revision.id not in followed)
    ]


def operations(source: Source, revision: Revision) -> Iterator[Operation]:
    """What the revision does to the database when it is applied, in the order of the file."""
    module = revision.module
    calls = sorted(_reached(module), key=lambda call: (call.lineno, call.col_offset))
    for call in calls:
        name = source.sources.qualified(module, call.func)
        if name.startswith("alembic.op."):
            yield from _plain(source, module, name.rpartition(".")[2], call)
        elif isinstance(call.func, ast.Attribute) and call.func.attr in EXECUTES:
            yield from _executed(source, module, call)
        elif isinstance(call.func, ast.Attribute) and (batch := _batch(source, module, call)) is not None:
            yield Operation(call.func.attr, call, batch, 1 if call.func.attr in NAMED_FIRST else 0)


def in_autocommit(module: Module, call: ast.Call) -> bool:
    """Whether a call stands under ``with op.get_context().autocommit_block()``."""
    return any(
        isinstance(item.context_expr, ast.Call)
        and isinstance(item.context_expr.func, ast.Attribute)
        and item.context_expr.func.attr == "autocommit_block"
        for outer in around(module, call)
        if isinstance(outer, ast.With)
        for item in outer.items
    )


def _revision(module: Module) -> Revision | None:
    own = [literal(value) for value in module.assigned.get("revision", [])]
    if not own or own[-1] is None or "down_revision" not in module.assigned or "upgrade" not in module.functions:
        return None
    down = module.assigned["down_revision"][-1]
    return Revision(module, own[-1], frozenset(t for part in ast.walk(down) if (t := _text(part)) is not None))


def _text(node: ast.AST) -> str | None:
    return literal(node) if isinstance(node, ast.Constant) else None


def _differs(source: Source, revision: Revision, known: Mapping[str, str]) -> bool:
    path = str(revision.module.path)
    return known.get(path) != hashlib.sha256(source.tree.read(path)).hexdigest()


def _reached(module: Module) -> Iterator[ast.Call]:
    """The calls in ``upgrade``, in those of several databases (``upgrade_users``), and in the functions of the file
    that they call."""
    waiting = [name for name in module.functions if name == "upgrade" or name.startswith("upgrade_")]
    seen = set(waiting)
    while waiting:
        for node in ast.walk(module.functions[waiting.pop()]):
            if isinstance(node, ast.Call):
                yield node
                called = node.func.id if isinstance(node.func, ast.Name) else ""
                if called in module.functions and called not in seen:
                    seen.add(called)
                    waiting.append(called)


def _plain(source: Source, module: Module, name: str, call: ast.Call) -> Iterator[Operation]:
    if name == "execute":
        yield from _executed(source, module, call)
    elif name in NAMED_FIRST:
        table = keyword(call, "source_table" if name == "create_foreign_key" else "table_name", 1)
        yield Operation(name, call, literal(table) or "", 2)
    elif name != "batch_alter_table":
        place = "old_table_name" if name == "rename_table" else "table_name"
        yield Operation(name, call, literal(keyword(call, place, 0)) or "", 1)


def _executed(source: Source, module: Module, call: ast.Call) -> Iterator[Operation]:
    argument = call.args[0] if call.args else keyword(call, "sqltext") or keyword(call, "statement")
    for statement in statements(_sql(source, module, argument)):
        yield Operation("execute", call, statement.table, 0, statement)


def _sql(source: Source, module: Module, node: ast.expr | None) -> str:
    """The text of a statement: ``sa.text("…")``, and what is not literal in it as ``?``."""
    while isinstance(node, ast.Call):
        if isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Call):
            node = node.func.value  # sa.text("…").bindparams(…)
        elif source.sources.qualified(module, node.func).rpartition(".")[2] in ("text", "DDL"):
            node = node.args[0] if node.args else None
        else:
            return ""
    if isinstance(node, ast.Name) and len(module.assigned.get(node.id, [])) == 1:
        node = module.assigned[node.id][0]
    if isinstance(node, ast.JoinedStr):
        return "".join(literal(part) or "?" for part in node.values)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return _sql(source, module, node.left) + _sql(source, module, node.right)
    return literal(node) or ""


def _batch(source: Source, module: Module, call: ast.Call) -> str | None:
    """The table of a batch that a method is called on: ``with op.batch_alter_table("t") as batch``; None if it is no
    batch, "" if its table cannot be read."""
    value = call.func.value if isinstance(call.func, ast.Attribute) else None
    if not isinstance(value, ast.Name):
        return None
    for item in (item for outer in around(module, call) if isinstance(outer, ast.With) for item in outer.items):
        made = item.context_expr
        if isinstance(made, ast.Call) and getattr(item.optional_vars, "id", "") == value.id:
            called = source.sources.qualified(module, made.func)
            return (literal(keyword(made, "table_name", 0)) or "") if called.endswith("batch_alter_table") else None
    return None
