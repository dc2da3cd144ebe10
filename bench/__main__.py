"""`python -m bench [MEASUREMENT …]`: measures against a test host and prints a table; see docs/performance.md.

`python -m bench serve` compares servers, `python -m bench data` measures the care for data; both have options of their
own."""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from bench import noop, release, starting, traffic, upload
from bench.data import command as data
from bench.place import Place, machine, open_place
from bench.rows import Row, document, table
from bench.serve import command as serve

MEASUREMENTS: dict[str, Callable[[Place, int], list[Row]]] = {
    "help": starting.run,
    "noop": noop.run,
    "redeploy": release.redeploy,
    "rollback": release.rollback,
    "traffic": traffic.run,
    "upload": upload.run,
}
RESULTS = Path(__file__).parent / "results"
FEWEST_ROUNDS = 5


def _rounds(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of rounds")
    return int(text)


def main() -> None:
    parser = argparse.ArgumentParser("python -m bench", description="Measures seawall against its budgets.")
    parser.add_argument(
        "measurements", nargs="*", metavar="MEASUREMENT", help=f"{', '.join(MEASUREMENTS)}; all if none"
    )
    parser.add_argument("--rounds", type=_rounds, default=FEWEST_ROUNDS, help=f"rounds of each ({FEWEST_ROUNDS})")
    parser.add_argument("--json", action="store_true", help="print JSON instead of the table")
    options = parser.parse_args()
    unknown = [name for name in options.measurements if name not in MEASUREMENTS]
    if unknown:
        parser.error(f"there is no measurement {unknown[0]!r}: {', '.join(MEASUREMENTS)}")
    names = list(dict.fromkeys(options.measurements)) or list(MEASUREMENTS)
    rows: list[Row] = []
    before = machine()
    with open_place() as place:
        for name in names:
            print(f"measuring {name} …", file=sys.stderr)
            rows += MEASUREMENTS[name](place, options.rounds)
    found = {**before, "load after": machine()["load"], "rounds": str(options.rounds)}
    text = document(rows, found)
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{'-'.join(names) if options.measurements else 'all'}.json").write_text(text + "\n")
    print(text if options.json else f"{table(rows)}\n\n{', '.join(f'{key} {value}' for key, value in found.items())}")


if __name__ == "__main__":
    if sys.argv[1:2] == ["serve"]:
        serve.main(sys.argv[2:])
    elif sys.argv[1:2] == ["data"]:
        data.main(sys.argv[2:])
    else:
        main()
