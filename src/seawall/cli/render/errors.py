"""An error in words: the fact and its place, the state things are in, the remedy, and what a program said."""

from __future__ import annotations

from typing import Any

from seawall.cli.render.lines import Line, lines_of
from seawall.errors import ConfigErrors, HostError, SeawallError


def error_lines(error: SeawallError) -> list[Line]:
    """What a person reads."""
    return _lines(error, "error: ", "bad")


def warning_lines(error: SeawallError) -> list[Line]:
    """The same of something that went wrong beside what was done."""
    return _lines(error, "warning: ", "careful")


def _lines(error: SeawallError, word: str, style: str) -> list[Line]:
    lines = _told(word, _fact_and_place(error))
    lines[0] = lines[0]._replace(style=style)
    if isinstance(error, ConfigErrors):
        for mistake in error.errors:
            lines += lines_of(f"{mistake.place}: {mistake.fact}" if mistake.place else mistake.fact, "  ")
            lines += lines_of(mistake.remedy, "      ", "faint") if mistake.remedy else []
    lines += _told("  now:  ", error.state)
    lines += _told("  next: ", error.remedy)
    output = error.output.strip("\n")
    return [*lines, Line(""), *lines_of(output, "    ")] if output else lines


def error_data(error: SeawallError) -> dict[str, Any]:
    """What a program reads: the document's `error`."""
    data: dict[str, Any] = _fields(error)
    if isinstance(error, ConfigErrors):
        data["errors"] = [_fields(mistake) for mistake in error.errors]
    if isinstance(error, HostError):
        data["host"], data["code"] = error.host, error.code
    return {"error": {**data, "exit_code": error.exit_code}}


def bug_lines(error: Exception) -> list[Line]:
    """Something that must not happen did."""
    return [
        Line(f"error: this is a bug of seawall ({type(error).__name__}: {error})", "bad"),
        Line("  now:  unknown; `seawall status` says how the app is"),
        Line("  next: run it again with SEAWALL_DEBUG=1 and report what it prints"),
    ]


def _fields(error: SeawallError) -> dict[str, str]:
    return {name: getattr(error, name) for name in ("fact", "place", "state", "remedy", "output")}


def _fact_and_place(error: SeawallError) -> str:
    places = [error.place] if error.place and error.place not in error.fact else []
    if isinstance(error, HostError) and error.host != "local" and error.host not in (error.fact + error.place):
        places.insert(0, error.host)
    return f"{error.fact} ({', '.join(places)})" if places else error.fact


def _told(word: str, text: str) -> list[Line]:
    """A text after a word, its further lines aligned below; nothing for no text."""
    if not text:
        return []
    first, *rest = text.split("\n")
    return [Line(word + first), *(Line(" " * len(word) + line) for line in rest)]
