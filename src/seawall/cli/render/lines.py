"""Lines of text with a style, and the small words that all of them share."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

#: Names of styles and what `click.style` makes of them; colour only repeats what the text says.
STYLES: dict[str, dict[str, Any]] = {
    "": {},
    "title": {"bold": True},
    "good": {"fg": "green"},
    "bad": {"fg": "red"},
    "careful": {"fg": "yellow"},
    "faint": {"dim": True},
    "place": {"fg": "cyan"},
}
DIFF_STYLES = {"+": "good", "-": "bad", "@": "place"}


class Line(NamedTuple):
    text: str
    style: str = ""


def lines_of(text: str, indent: str = "", style: str = "") -> list[Line]:
    """The lines of a text, indented."""
    return [Line(f"{indent}{line}".rstrip(), style) for line in text.split("\n")]


def diff_lines(text: str, indent: str) -> list[Line]:
    """A unified diff, each line in the style of what it says."""
    return [Line(f"{indent}{line}".rstrip(), DIFF_STYLES.get(line[:1], "")) for line in text.split("\n")]


def clean(text: str) -> str:
    """Text that a terminal takes literally: what could steer it, and bytes that are not UTF-8, become their numbers."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() or char == "\t" else _escaped(char) for char in text)


def _escaped(char: str) -> str:
    code = ord(char)
    if 0xDC80 <= code <= 0xDCFF:
        return f"\\x{code - 0xDC00:02x}"  # a byte that was not UTF-8, by PEP 383
    return char.encode("unicode_escape").decode()


def count(number: int, one: str, many: str = "") -> str:
    """`1 file`, `2 files`."""
    return f"{number} {one if number == 1 else many or one + 's'}"


def size(number: int) -> str:
    """Bytes in decimal units (IEC 80000-13), two digits where that says more: `12 kB`, `1.2 MB`."""
    if number < 1000:
        return f"{number} B"
    power = next(power for power in (1, 2, 3, 4) if number < 999.5 * 1000**power or power == 4)
    amount, unit = number / 1000**power, ("kB", "MB", "GB", "TB")[power - 1]
    return f"{amount:.1f} {unit}" if amount < 9.95 else f"{amount:.0f} {unit}"


def seconds(number: float) -> str:
    """`0.12 s`, `12.3 s`, `2 min 5 s`."""
    if number < 10:
        return f"{number:.2f} s"
    if number < 60:
        return f"{number:.1f} s"
    whole = round(number)
    return f"{whole // 60} min {whole % 60} s"


def ago(number: float) -> str:
    """How long ago something was, of so many seconds: `12 minutes`, `3 hours`, `2 days`."""
    for length, unit in ((86400, "day"), (3600, "hour"), (60, "minute")):
        if number >= length:
            return count(int(number // length), unit)
    return count(max(int(number), 0), "second")


def table(rows: Iterable[Iterable[str]], indent: str = "  ") -> list[str]:
    """Rows in columns as wide as their widest cell."""
    cells = [[clean(cell) for cell in row] for row in rows]
    if not cells:
        return []
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return [
        (indent + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))).rstrip()
        for row in cells
    ]
