"""Taking times: whole commands from outside, several of them in turns."""

import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

Action = Callable[[], float]


def seconds_of(argv: Sequence[str], environment: Mapping[str, str], directory: Path) -> float:
    """How long a command takes that must succeed, from its start to its end."""
    started = time.perf_counter()
    done = subprocess.run(
        argv,
        env=dict(environment),
        cwd=directory,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    taken = time.perf_counter() - started
    if done.returncode:
        raise RuntimeError(f"{' '.join(argv)}: exit {done.returncode}\n{done.stderr}{done.stdout}")
    return taken


def in_turns(actions: Mapping[str, Action], rounds: int, warm_up: int = 1) -> dict[str, list[float]]:
    """Every action `rounds` times, one after the other in each round, so that all meet the same machine.

    The first `warm_up` rounds are thrown away: they fill caches and write bytecode.
    """
    taken: dict[str, list[float]] = {name: [] for name in actions}
    for number in range(warm_up + rounds):
        for name, action in actions.items():
            seconds = action()
            if number >= warm_up:
                taken[name].append(seconds)
    return taken
