"""`seawall --help`, beside an interpreter that does nothing."""

import sys
from functools import partial

from tests.hosts.product import SEAWALL

from bench.place import Place
from bench.rows import Row, median
from bench.timing import in_turns, seconds_of

LIMIT = 0.12  # seconds
FEWEST_ROUNDS = 15  # it is quick, so let chance even out


def run(place: Place, rounds: int) -> list[Row]:
    command = partial(seconds_of, environment=place.environment, directory=place.folder)
    taken = in_turns(
        {
            "python": lambda: command([sys.executable, "-c", "pass"]),
            "help": lambda: command([str(SEAWALL), "--help"]),
        },
        max(rounds, FEWEST_ROUNDS),
        warm_up=3,
    )
    python = median(taken["python"])
    return [
        Row(
            "seawall --help", median(taken["help"]), "s", LIMIT, "", f"python -c pass {python:.3f} s", (*taken["help"],)
        )
    ]
