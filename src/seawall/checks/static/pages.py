"""Jinja templates as text in which comments say nothing."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass
from functools import cached_property
from pathlib import PurePosixPath


@dataclass(frozen=True)
class Page:
    """A template; its comments are blank, and every other character is where it was."""

    path: PurePosixPath
    text: str

    def line(self, offset: int) -> int:
        """The line of a character, counted from 1."""
        return bisect_right(self._starts, offset)

    @cached_property
    def _starts(self) -> list[int]:
        return [0, *(match.end() for match in re.finditer("\n", self.text))]


def without_comments(text: str) -> str:
    """The text with ``{# … #}`` blanked out; one that never ends is no comment."""
    parts: list[str] = []
    done = 0
    while (begin := text.find("{#", done)) >= 0 and (end := text.find("#}", begin + 2)) >= 0:
        parts += [text[done:begin], re.sub(r"[^\n]", " ", text[begin : end + 2])]
        done = end + 2
    return "".join([*parts, text[done:]])
