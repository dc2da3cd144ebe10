"""`python -m bench data [MEASUREMENT …]`: see docs/performance.md."""

import argparse
import sys
from collections.abc import Callable, Sequence

from tests.hosts.data_host import DATA_PACKAGES, at_rest

from bench.data import backup
from bench.place import Place, machine, open_place
from bench.rows import Row, document, table

MEASUREMENTS: dict[str, Callable[[Place, int], list[Row]]] = {
    "backup-memory": backup.memory,
    "backup-unchanged": backup.unchanged,
    "backup-traffic": backup.traffic,
}


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser("python -m bench data", description="Measures the care for data.")
    parser.add_argument("measurements", nargs="*", metavar="MEASUREMENT", help=f"{', '.join(MEASUREMENTS)}")
    parser.add_argument("--rounds", type=int, default=3, help="rounds of each that has rounds (3)")
    parser.add_argument("--json", action="store_true", help="print JSON instead of the table")
    options = parser.parse_args(arguments)
    unknown = [name for name in options.measurements if name not in MEASUREMENTS]
    if unknown:
        parser.error(f"there is no measurement {unknown[0]!r}: {', '.join(MEASUREMENTS)}")
    rows: list[Row] = []
    before = machine()
    with open_place(DATA_PACKAGES) as place:
        at_rest(place.host)
        for name in options.measurements or MEASUREMENTS:
            print(f"measuring {name} …", file=sys.stderr)
            rows += MEASUREMENTS[name](place, options.rounds)
    found = {**before, "load after": machine()["load"]}
    print(document(rows, found) if options.json else table(rows))
    print(", ".join(f"{key} {value}" for key, value in found.items()), file=sys.stderr)
