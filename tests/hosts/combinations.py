"""The ways to run an app that the tests try, and the page about them that is made from a whole run."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import product
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "combinations.md"
FRONTS = ("nginx", "apache")
MANAGERS = ("systemd", "supervisor")
SERVERS = (
    ("wsgi", "gunicorn"),
    ("wsgi", "uwsgi"),
    ("wsgi", "waitress"),
    ("wsgi", "granian"),
    ("asgi", "gunicorn"),
    ("asgi", "uvicorn"),
    ("asgi", "granian"),
)

_INTRODUCTION = """\
# What works with what

This page is made from a run of `tests/hosts/test_combinations.py`: on a booted Debian server each combination below was
deployed over the one before it and then released once more, and visitors asked 200 times a second all the while.
`0 failed` means that none of them was left without its answer. Where the front server changes, one program hands the
ports to another; that is measured apart (see [Apache](../guides/apache.md)).

"""


@dataclass(frozen=True)
class Combination:
    """An interface and its app server, behind a front server, under a process manager."""

    front: str
    manager: str
    interface: str
    server: str

    def __str__(self) -> str:
        return f"{self.server} ({self.interface}), {self.front}, {self.manager}"


#: In the order in which a host is led through them: the front server changes least often.
ALL = tuple(Combination(front, manager, *server) for front, manager, server in product(FRONTS, MANAGERS, SERVERS))


def page(passed: Iterable[Combination]) -> str:
    """The page that a run with these results makes."""
    good = set(passed)
    columns = list(product(FRONTS, MANAGERS))
    heads = ["interface", "app server", *(f"{front}, {manager}" for front, manager in columns)]
    rows = [heads, ["---"] * len(heads)]
    for interface, server in SERVERS:
        cells = [
            "0 failed" if Combination(front, manager, interface, server) in good else "not seen to work"
            for front, manager in columns
        ]
        rows.append([interface.upper(), server, *cells])
    return _INTRODUCTION + "".join(f"| {' | '.join(row)} |\n" for row in rows)
