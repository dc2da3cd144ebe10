"""The program that ``TrafficProcess`` runs: a plan on standard input, a report on standard output.

The first line out is ``started``, once the first request has ended; the report follows when the input has
been closed, as JSON.
"""

from __future__ import annotations

import asyncio
import os
import resource
import sys

from seawall.traffic.load import run_traffic
from seawall.traffic.plan import TrafficPlan
from seawall.traffic.report import Report

STARTED = "started"
ENOUGH_DESCRIPTORS = 16384


def allow_many_connections() -> None:
    """In an outage some thousand requests wait at once; 1024 descriptors would be our own failure."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = ENOUGH_DESCRIPTORS if hard == resource.RLIM_INFINITY else min(ENOUGH_DESCRIPTORS, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


async def _serve(plan: TrafficPlan) -> Report:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()

    def input_ready() -> None:
        if not os.read(0, 4096):
            loop.remove_reader(0)
            stop.set()

    loop.add_reader(0, input_ready)
    try:
        report = await run_traffic(plan, stop, first_done=lambda: print(STARTED, flush=True))
        await stop.wait()
    finally:
        loop.remove_reader(0)
    return report


def main() -> int:
    plan = TrafficPlan.from_json(sys.stdin.readline())
    allow_many_connections()
    try:
        report = asyncio.run(_serve(plan))
    except OSError as error:  # of the trust store; the site's errors are in the report
        print(f"{plan.ca_file}: {error.strerror or error}", file=sys.stderr)
        return 1
    print(report.to_json())
    return 0


if __name__ == "__main__":
    sys.exit(main())
