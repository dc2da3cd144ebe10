"""Whether a column's new type holds less than its old one, and whether PostgreSQL writes the table anew for it."""

from __future__ import annotations

import ast
from dataclasses import dataclass

INTEGERS = {"SMALLINTEGER": 1, "SMALLINT": 1, "INTEGER": 2, "INT": 2, "BIGINTEGER": 3, "BIGINT": 3}
TEXTS = frozenset({"STRING", "VARCHAR", "UNICODE", "TEXT", "UNICODETEXT", "CLOB"})
NUMBERS = frozenset({"NUMERIC", "DECIMAL"})
#: Pairs of which the second keeps only a part of the first.
LOSING = frozenset(
    {
        *((first, second) for first in ("DATETIME", "TIMESTAMP") for second in ("DATE", "TIME")),
        *((first, second) for first in ("FLOAT", "DOUBLE", *NUMBERS) for second in INTEGERS),
        *((first, second) for first in TEXTS for second in (*INTEGERS, "BOOLEAN", "DATE")),
        ("DOUBLE", "FLOAT"),
    }
)
ENDLESS = 1 << 40


@dataclass(frozen=True)
class ColumnType:
    """``sa.Numeric(10, 2)`` is ``NUMERIC`` with the numbers 10 and 2."""

    name: str
    numbers: tuple[int, ...]

    @property
    def length(self) -> int:
        """Characters of a text."""
        return self.numbers[0] if self.numbers else ENDLESS


def read_type(node: ast.expr | None) -> ColumnType | None:
    """``sa.String(50)``, ``String(length=50)``, ``sa.Text``; None for what is no plain type."""
    call = node if isinstance(node, ast.Call) else None
    named = call.func if call else node
    if isinstance(named, ast.Attribute):
        name = named.attr
    elif isinstance(named, ast.Name):
        name = named.id
    else:
        return None
    given = [*call.args, *(k.value for k in call.keywords if k.arg in ("length", "precision", "scale"))] if call else []
    numbers = (part.value for part in given if isinstance(part, ast.Constant) and type(part.value) is int)
    return ColumnType(name.upper(), tuple(numbers))


def is_narrower(old: ColumnType | None, new: ColumnType | None) -> bool:
    """Whether values of the old type surely exist that the new one does not hold."""
    if old is None or new is None:
        return False
    if old.name in INTEGERS and new.name in INTEGERS:
        return INTEGERS[new.name] < INTEGERS[old.name]
    if old.name in TEXTS and new.name in TEXTS:
        return new.length < old.length
    if old.name in NUMBERS and new.name in NUMBERS and old.numbers and new.numbers:
        return _whole(new) < _whole(old) or _scale(new) < _scale(old)
    return (old.name, new.name) in LOSING


def is_written_anew(old: ColumnType | None, new: ColumnType | None) -> bool:
    """Whether PostgreSQL copies the table for the change. It does not for a text that may be longer, nor for a number
    of the same scale that may (the notes of ALTER TABLE in its manual)."""
    if old is None or new is None:
        return True
    if old.name in TEXTS and new.name in TEXTS:
        return new.length < old.length
    if old.name in NUMBERS and new.name in NUMBERS and old.numbers:
        return bool(new.numbers) and (new.numbers[0] < old.numbers[0] or _scale(new) != _scale(old))
    return old != new


def _scale(number: ColumnType) -> int:
    return number.numbers[1] if len(number.numbers) > 1 else 0


def _whole(number: ColumnType) -> int:
    """The digits before the point."""
    return number.numbers[0] - _scale(number)
