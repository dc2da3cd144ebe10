"""What a thousand slow visitors take from the others: requests a second with and without them, in turns."""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.hosts.machine import Host

from bench.rows import median
from bench.serve.contenders import Entrant
from bench.serve.rounds import sample
from bench.serve.views import HELLO

#: Until all of them are connected.
ARRIVAL = 2.5  # seconds
SECONDS = 2


@dataclass(frozen=True)
class Crowd:
    """Requests a second of the others, and requests of theirs that failed."""

    alone: float
    crowded: float
    failed: int


def run(host: Host, entrant: Entrant, rounds: int) -> Crowd:
    print("measuring with slow visitors …", file=sys.stderr)
    alone, crowded = [], []
    for _ in range(rounds):
        alone.append(sample(host, entrant, HELLO, SECONDS))
        with _slow_visitors(host.address, entrant.port):
            crowded.append(sample(host, entrant, HELLO, SECONDS))
    rates = [median([one.rate for one in samples]) for samples in (alone, crowded)]
    return Crowd(*rates, sum(one.failed for one in (*alone, *crowded)))


@contextmanager
def _slow_visitors(address: str, port: int) -> Iterator[None]:
    visitors = subprocess.Popen([sys.executable, str(Path(__file__).with_name("slow.py")), address, str(port)])
    try:
        time.sleep(ARRIVAL)
        yield
        if visitors.poll() is not None:
            raise RuntimeError("the slow visitors have gone before the end")
    finally:
        visitors.kill()
        visitors.wait()
