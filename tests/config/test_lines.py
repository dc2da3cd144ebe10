"""The line index is right for every key of every document."""

from __future__ import annotations

import json
import tomllib
from dataclasses import dataclass, field
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from seawall.config.lines import Key, line_index

SCALARS = st.sampled_from(
    [
        '"text"',
        r'"a \" quote, a # and a ]"',
        "'literal \\'",
        "5",
        "-0.5",
        "true",
        "1979-05-27 07:32:00",
        '""',
        "''",
        '"""\nlines\n\n[not.a.table]\nkey = 1 \\"""\n"""',
        "'''\n# no comment\n'' two'''",
        '"""ends with quotes"""""',
    ]
)
NAMES = st.sampled_from(["a", "b", "web-1", "with space", "dot.ted", "é", "#", '"'])
BREAKS = st.sampled_from(["", " ", "\n", "\n  # a comment with ] } \" '\n", "\r\n"])


def written(name: str) -> str:
    return name if name.isascii() and name.replace("-", "").isalnum() else json.dumps(name, ensure_ascii=False)


@dataclass
class Writer:
    """Writes TOML and remembers the line of each path as it goes."""

    text: str = ""
    lines: dict[Key, int] = field(default_factory=dict)

    def note(self, path: Key) -> None:
        self.lines.setdefault(path, self.text.count("\n") + 1)


@st.composite
def documents(draw: st.DrawFn) -> Writer:
    writer = Writer()
    pairs(draw, writer, (), draw(st.lists(NAMES, unique=True, max_size=3)))
    for table in draw(st.lists(st.sampled_from("tuv"), unique=True, max_size=3)):
        if draw(st.booleans()):
            writer.note((table,))
            writer.text += f"[ {table} ]{draw(BREAKS)}\n"
            pairs(draw, writer, (table,), draw(st.lists(NAMES, unique=True, max_size=3)))
        else:
            for index in range(draw(st.integers(1, 3))):
                writer.note((table,))
                writer.note((table, index))
                writer.text += f"[[{table}]] # one of them\n"
                pairs(draw, writer, (table, index), draw(st.lists(NAMES, unique=True, max_size=2)))
                writer.note((table, index, "sub"))
                writer.text += f"[{table}.sub]\n"
                pairs(draw, writer, (table, index, "sub"), draw(st.lists(NAMES, unique=True, max_size=2)))
    return writer


def pairs(draw: st.DrawFn, writer: Writer, path: Key, names: list[str]) -> None:
    for name in names:
        writer.text += draw(BREAKS)
        writer.note((*path, name))
        writer.text += f"{written(name)} = "
        value(draw, writer, (*path, name), depth=0)
        writer.text += "  # why\n"


def value(draw: st.DrawFn, writer: Writer, path: Key, depth: int) -> None:
    kind = draw(st.sampled_from(["scalar", "list", "table"] if depth < 2 else ["scalar"]))
    if kind == "list":
        writer.text += "["
        for index in range(draw(st.integers(0, 3))):
            writer.text += ("," if index else "") + draw(BREAKS)
            writer.note((*path, index))
            value(draw, writer, (*path, index), depth + 1)
        writer.text += draw(BREAKS) + "]"
    elif kind == "table":
        writer.text += "{"
        for index, name in enumerate(draw(st.lists(NAMES, unique=True, max_size=2))):
            writer.text += ", " if index else " "
            writer.note((*path, name))
            writer.text += f"{written(name)} = "
            value(draw, writer, (*path, name), depth + 1)
        writer.text += " }"
    else:
        writer.text += draw(SCALARS)


@given(documents())
def test_every_key_list_item_and_table_is_found_on_its_line(writer: Writer) -> None:
    data = tomllib.loads(writer.text)
    assert line_index(writer.text) == writer.lines
    assert set(paths(data)) == set(writer.lines)


def paths(node: Any, path: Key = ()) -> list[Key]:
    inner = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    here = [path] if path else []
    return here + [found for part, child in inner for found in paths(child, (*path, part))]


def test_dotted_keys_name_each_table_on_the_way() -> None:
    assert line_index('\na."b.c".d = 1\na.e = 2') == {
        ("a",): 2,
        ("a", "b.c"): 2,
        ("a", "b.c", "d"): 2,
        ("a", "e"): 3,
    }
