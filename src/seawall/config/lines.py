"""On which line each key of a TOML document stands.

``tomllib`` tells no lines. This scanner walks a document that ``tomllib`` has already accepted, so it need not
find mistakes; it is only run when there is something to say about a line. (TOML: https://toml.io/en/v1.0.0)
"""

from __future__ import annotations

import re
import tomllib
from bisect import bisect_right

Key = tuple[str | int, ...]

_SPACE = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_DOT = re.compile(r"[ \t]*\.[ \t]*")
_BARE = re.compile(r"[A-Za-z0-9_-]+")
# The closing quotes of a multi-line string may follow on up to two quotes that belong to it.
_STRING = re.compile(
    r'"""(?:\\.|[^\\])*?"""(?:"{0,2})' r"|'''.*?'''(?:'{0,2})" r'|"(?:\\.|[^"\\\n])*"' r"|'[^'\n]*'",
    re.DOTALL,
)
_SCALAR = re.compile(r"[^,\]}#\n]+")


def line_index(text: str) -> dict[Key, int]:
    """The line, counted from 1, of every key, table and list item, by its path; a list item's part is its index."""
    scanner = _Scanner(text)
    scanner.document()
    return scanner.lines


class _Scanner:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.lines: dict[Key, int] = {}
        self._starts = [0, *(match.end() for match in re.finditer("\n", text))]
        self._lengths: dict[Key, int] = {}  # of lists of tables, [[path]]

    def document(self) -> None:
        table: Key = ()
        self._skip(_SPACE)
        while self.at < len(self.text):
            table = self._header() if self._sees("[") else self._pair(table)
            self._skip(_SPACE)

    def _header(self) -> Key:
        start, many = self.at, self._sees("[[")
        self.at += 2 if many else 1
        path = self._resolve(self._dotted(), start, into_last=not many)
        if many:
            index = self._lengths.get(path, 0)
            self._lengths[path] = index + 1
            path = (*path, index)
            self._note(path, start)
        self._skip(_SPACE)
        self.at += 2 if many else 1
        return path

    def _resolve(self, parts: list[str], start: int, *, into_last: bool) -> Key:
        """The path a header names; a list of tables on the way means its last table."""
        path: Key = ()
        for number, part in enumerate(parts, 1):
            path = (*path, part)
            self._note(path, start)
            if path in self._lengths and (into_last or number < len(parts)):
                path = (*path, self._lengths[path] - 1)
        return path

    def _pair(self, table: Key) -> Key:
        start, path = self.at, table
        for part in self._dotted():
            path = (*path, part)
            self._note(path, start)
        self._skip(_SPACE)
        self.at += 1  # the equals sign
        self._skip(_SPACE)
        self._value(path)
        return table

    def _value(self, path: Key) -> None:
        if self._sees("["):
            self._list(path)
        elif self._sees("{"):
            self._inline_table(path)
        elif not self._skip(_STRING):
            self._skip(_SCALAR)

    def _list(self, path: Key) -> None:
        self.at += 1
        index = 0
        while not self._closes("]"):
            self._note((*path, index), self.at)
            self._value((*path, index))
            index += 1

    def _inline_table(self, path: Key) -> None:
        self.at += 1
        while not self._closes("}"):
            self._pair(path)

    def _closes(self, bracket: str) -> bool:
        """Skip to the next item of a list or inline table, or past its end."""
        self._skip(_SPACE)
        if self._sees(","):
            self.at += 1
            self._skip(_SPACE)
        if self._sees(bracket):
            self.at += 1
            return True
        return False

    def _dotted(self) -> list[str]:
        self._skip(_SPACE)
        parts = [self._part()]
        while self._skip(_DOT):
            parts.append(self._part())
        return parts

    def _part(self) -> str:
        start = self.at
        if self._skip(_BARE):
            return self.text[start : self.at]
        self._skip(_STRING)
        return str(tomllib.loads(f"quoted = {self.text[start : self.at]}")["quoted"])

    def _note(self, path: Key, at: int) -> None:
        self.lines.setdefault(path, bisect_right(self._starts, at))

    def _sees(self, mark: str) -> bool:
        return self.text.startswith(mark, self.at)

    def _skip(self, pattern: re.Pattern[str]) -> bool:
        match = pattern.match(self.text, self.at)
        if match is None or match.end() == self.at:
            return False
        self.at = match.end()
        return True
