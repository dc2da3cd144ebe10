"""Environment markers (https://packaging.python.org/specifications/dependency-specifiers/), added and multiplied.

A marker is kept as a set of alternatives, each a set of conditions that hold together; what is known of every host
(it runs Linux, and no extra of the project is asked for) is settled here, so that the lines of a lock stay short.
"""

from __future__ import annotations

import re

Marker = frozenset[frozenset[str]]

ALWAYS: Marker = frozenset([frozenset()])
NEVER: Marker = frozenset()

_TOKEN = re.compile(r"\s*('[^']*'|\"[^\"]*\"|\(|\)|not\s+in\b|[<>=!~]+|[A-Za-z_][A-Za-z0-9_.]*)")
_OPPOSITE = {"<": ">=", "==": "!="}
_LINUX = {"sys_platform": "linux", "platform_system": "Linux", "os_name": "posix"}


class BadMarker(ValueError):
    """A text that is no marker."""


def parse(text: str) -> Marker:
    """The marker a text stands for; an empty text holds always. Raises BadMarker."""
    tokens = _tokens(text)
    if not tokens:
        return ALWAYS
    marker = _alternatives(tokens)
    if tokens:
        raise BadMarker(text)
    return marker


def either(left: Marker, right: Marker) -> Marker:
    return _shortest(left | right)


def both(left: Marker, right: Marker) -> Marker:
    return _shortest(frozenset(one | other for one in left for other in right))


def to_text(marker: Marker) -> str:
    """The marker as a requirement writes it; "" if it holds always."""
    alternatives = sorted(" and ".join(sorted(conditions)) for conditions in marker)
    if len(alternatives) == 1:
        return alternatives[0]
    return " or ".join(f"({text})" if " and " in text else text for text in alternatives)


def _shortest(marker: Marker) -> Marker:
    """Opposites settled (``a and b or a and not b`` is ``a``), and without alternatives that another one implies."""
    for one in marker:
        for other in marker:
            if _are_opposites(one - other, other - one):
                return _shortest(marker - {one, other} | {one & other})
    return frozenset(one for one in marker if not any(other < one for other in marker))


def _are_opposites(one: frozenset[str], other: frozenset[str]) -> bool:
    if len(one) != 1 or len(other) != 1:
        return False
    left, operator, right = next(iter(one)).split(" ", 2)
    return next(iter(other)) == f"{left} {_OPPOSITE.get(operator)} {right}"


def _tokens(text: str) -> list[str]:
    tokens: list[str] = []
    at = 0
    while text[at:].strip():
        match = _TOKEN.match(text, at)
        if match is None:
            raise BadMarker(text)
        tokens.append(match[1])
        at = match.end()
    return tokens


def _alternatives(tokens: list[str]) -> Marker:
    marker = _conditions(tokens)
    while tokens[:1] == ["or"]:
        tokens.pop(0)
        marker = either(marker, _conditions(tokens))
    return marker


def _conditions(tokens: list[str]) -> Marker:
    marker = _condition(tokens)
    while tokens[:1] == ["and"]:
        tokens.pop(0)
        marker = both(marker, _condition(tokens))
    return marker


def _condition(tokens: list[str]) -> Marker:
    if tokens[:1] == ["("]:
        tokens.pop(0)
        marker = _alternatives(tokens)
        if not tokens or tokens.pop(0) != ")":
            raise BadMarker("a bracket is not closed")
        return marker
    if len(tokens) < 3:
        raise BadMarker(" ".join(tokens))
    left, operator, right = tokens.pop(0), re.sub(r"\s+", " ", tokens.pop(0)), tokens.pop(0)
    return _settled(left, operator, right)


def _settled(left: str, operator: str, right: str) -> Marker:
    if right[:1] in "'\"":
        value = right[1:-1]
        known = "" if left == "extra" else _LINUX.get(left)
        if known is not None and operator in ("==", "!="):
            return ALWAYS if (known == value) == (operator == "==") else NEVER
        right = f"'{value}'" if "'" not in value else right
    return frozenset([frozenset([f"{left} {operator} {right}"])])
