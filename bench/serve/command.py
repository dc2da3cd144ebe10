"""`python -m bench serve`: all contenders on one test host, asked in turns; a table, and with all of it the page."""

import argparse
import json
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from bench.place import Place, machine, open_place
from bench.serve import crowd, ground, knobs, model, own, page, rounds, tables
from bench.serve.contenders import CONTENDERS, Entrant
from bench.serve.results import Results
from bench.serve.views import VIEWS

ROUNDS = 5
#: Of the knobs and of what is measured beside them: they are many, and only inform.
FEWER_ROUNDS = 3
SLOW, MEMORY, KNOBS = "slow", "memory", "knobs"
PARTS = (*(view.name for view in VIEWS), SLOW, MEMORY, KNOBS)
RESULTS = Path(__file__).parents[1] / "results"


def main(arguments: Sequence[str]) -> None:
    options = _options(arguments)
    begun, before = time.monotonic(), machine()
    with open_place(ground.PACKAGES) as place:
        results = measure(place, options.only, options.rounds)
    found = {
        **before,
        "load after": machine()["load"],
        "rounds": str(options.rounds),
        "minutes": f"{(time.monotonic() - begun) / 60:.1f}",
    }
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "serve.json").write_text(json.dumps({"machine": found, **asdict(results)}, indent=2) + "\n")
    if set(options.only) == set(PARTS):
        page.write(results, found)
    print(f"{tables.all_tables(results)}\n\n{', '.join(f'{key} {value}' for key, value in found.items())}")


def measure(place: Place, only: Sequence[str], number: int) -> Results:
    """Those parts that are asked for."""
    ground.prepare(place.host)
    project = own.deploy(place)
    entrants = [*(one.entrant for one in CONTENDERS), own.entrant(project)]
    figures = rounds.run(place.host, entrants, [view for view in VIEWS if view.name in only], number)
    fewer = min(number, FEWER_ROUNDS)
    return Results(
        labels={one.name: one.label for one in entrants},
        figures=tuple(figures),
        memory=_memory(place, entrants),
        knob_labels=knobs.labels(entrants[-1]),
        knobs=tuple(knobs.measure(place.host, entrants[-1], fewer)) if KNOBS in only else (),
        crowd=crowd.run(place.host, entrants[-1], fewer) if SLOW in only else None,
        model=model.run(place, project) if MEMORY in only else None,
    )


def _memory(place: Place, entrants: Sequence[Entrant]) -> dict[str, float]:
    """After all that they have answered."""
    return {one.name: ground.memory(place.host, one.unit) for one in entrants if one.unit}


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser("python -m bench serve", description="Compares seawall's defaults with others.")
    parser.add_argument(
        "--only", type=_parts, default=PARTS, help=f"some of: {','.join(PARTS)}; the page is not written"
    )
    parser.add_argument("--rounds", type=int, default=ROUNDS, help=f"rounds of each ({ROUNDS})")
    return parser.parse_args(arguments)


def _parts(text: str) -> tuple[str, ...]:
    named = tuple(text.split(","))
    for name in named:
        if name not in PARTS:
            raise argparse.ArgumentTypeError(f"there is no part {name!r}: {', '.join(PARTS)}")
    return named
