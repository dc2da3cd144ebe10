"""``python -m seawall.traffic URL``: load a site and print what came of it.

Runs for ``--seconds``, or until SIGTERM or Ctrl-C; either way the report is printed. Exits with 0 if no request
failed, 1 if one did, 2 if the arguments are wrong.
"""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys

from seawall.errors import UsageError
from seawall.traffic.load import run_traffic
from seawall.traffic.plan import TrafficPlan
from seawall.traffic.report import Report
from seawall.traffic.worker import allow_many_connections

SHOWN_FAILURES = 10


def _arguments(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser("python -m seawall.traffic", description="A steady open load.")
    parser.add_argument("url", metavar="URL")
    parser.add_argument("--rate", type=float, default=200, help="requests a second (200)")
    parser.add_argument("--seconds", type=float, help="how long; otherwise until stopped")
    parser.add_argument("--keepalive", type=float, default=0.5, help="share over kept connections (0.5)")
    parser.add_argument("--connections", type=int, default=16, help="kept connections (16)")
    parser.add_argument("--ca", default="", metavar="FILE", help="certificates to trust, PEM")
    parser.add_argument("--resolve-to", default="", metavar="ADDRESS", help="connect there instead")
    parser.add_argument("--mark", default="", metavar="REGEX", help="names who answered")
    parser.add_argument("--json", action="store_true", help="print the whole report as JSON")
    return parser.parse_args(argv)


def _plan(arguments: argparse.Namespace) -> TrafficPlan:
    return TrafficPlan(
        arguments.url,
        rate=arguments.rate,
        seconds=arguments.seconds,
        keepalive=arguments.keepalive,
        connections=arguments.connections,
        ca_file=arguments.ca,
        resolve_to=arguments.resolve_to,
        mark=arguments.mark,
    )


async def _run(plan: TrafficPlan) -> Report:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    return await run_traffic(plan, stop)


def _explain(report: Report) -> None:
    for failure in report.failures[:SHOWN_FAILURES]:
        print(f"failed at {failure.at:.3f} s: {failure.what}", file=sys.stderr)
    if report.failed > SHOWN_FAILURES:
        print(f"... and {report.failed - SHOWN_FAILURES} more", file=sys.stderr)
    for mark in report.marks:
        print(f"{mark.name}: {mark.count} answers, {mark.first:.3f} to {mark.last:.3f} s")


def main(argv: list[str]) -> int:
    arguments = _arguments(argv)
    try:
        plan = _plan(arguments)
    except UsageError as error:
        print(f"{error.place or arguments.url}: {error.fact}", file=sys.stderr)
        return 2
    allow_many_connections()
    try:
        report = asyncio.run(_run(plan))
    except OSError as error:  # only the file of certificates; the site's errors are in the report
        print(f"{plan.ca_file}: {error.strerror or error}", file=sys.stderr)
        return 2
    if arguments.json:
        print(report.to_json())
    else:
        _explain(report)
        print(report.line())
    return 1 if report.failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
