"""What is called what after something took its place: NAME_before_TIME, so that the name says since when it is kept."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Iterator

#: The longest name of a database, bytes; PostgreSQL cuts longer ones without a word (its documentation, 4.1.1), MariaDB
#: takes one more (its documentation, Identifier Names).
LONGEST = 63
#: TIME is in UTC; a number comes after it where two would be called alike.
STAMP = "%Y%m%d_%H%M%S"
_KEPT = re.compile(r".+_before_(\d{8}_\d{6})(_\d{1,3})?", re.S)
#: What is left of LONGEST for the name itself.
_ROOM = LONGEST - len("_before_20261128_133000_999")


def before(name: str, taken: Iterable[str]) -> str:
    """What the database or folder ``name`` is called from now on."""
    known = set(taken)
    cut = name.encode()[:_ROOM].decode(errors="ignore")
    wanted = f"{cut}_before_{time.strftime(STAMP, time.gmtime())}"
    return next(free for free in numbered(wanted) if free not in known)


def kept_since(name: str) -> str:
    """Since when something of this name is kept, as STAMP has it; "" for a name that :func:`before` did not make."""
    found = _KEPT.fullmatch(name)
    return found[1] if found else ""


def numbered(wanted: str) -> Iterator[str]:
    """A name, and those with a number that come after it where it is taken."""
    yield wanted
    for number in range(2, 1000):
        yield f"{wanted}_{number}"
