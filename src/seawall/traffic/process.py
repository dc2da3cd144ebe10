"""The load in a process of its own, so that neither it nor the work beside it disturbs the other.

The plan goes to the process over its standard input (a plan may hold cookies; arguments are public). The
process stops when that input closes, so it never outlives whoever started it.
"""

from __future__ import annotations

import subprocess
import sys
from types import TracebackType
from typing import IO, cast

from seawall.errors import SeawallError
from seawall.traffic.plan import TrafficPlan
from seawall.traffic.report import Report

GRACE = 10.0  # seconds that the process may need beyond the timeout of its last request


class TrafficProcess:
    """Traffic that runs from ``start`` to ``stop``::

    plan = TrafficPlan("https://example.org/", mark=r"version ([0-9.]+)")
    with TrafficProcess.start(plan) as traffic:
        ...  # change the site
        report = traffic.stop()
    """

    def __init__(self, process: subprocess.Popen[str], plan: TrafficPlan) -> None:
        self._process = process
        self._plan = plan

    @classmethod
    def start(cls, plan: TrafficPlan) -> TrafficProcess:
        """Start, and return once the first request has ended, well or badly.

        Raises SeawallError if the process cannot do its work (an unreadable CA file).
        """
        process = subprocess.Popen(
            [sys.executable, "-m", "seawall.traffic.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,  # Ctrl-C is for the one who started it
        )
        traffic = cls(process, plan)
        traffic._hand_over()
        return traffic

    def _hand_over(self) -> None:
        stdin = cast("IO[str]", self._process.stdin)
        stdout = cast("IO[str]", self._process.stdout)
        try:
            stdin.write(self._plan.to_json() + "\n")
            stdin.flush()
            started = bool(stdout.readline())
        except BrokenPipeError:
            started = False
        if not started:
            raise self._failure()

    @property
    def pid(self) -> int:
        return self._process.pid

    def stop(self) -> Report:
        """Send nothing more, wait for the open answers, and say what came of it all."""
        try:
            output, errors = self._process.communicate(timeout=self._plan.timeout + GRACE)
        except subprocess.TimeoutExpired:
            raise self._failure() from None
        if self._process.returncode != 0:
            raise SeawallError("the traffic generator failed", output=errors.strip())
        return Report.from_json(output)

    def __enter__(self) -> TrafficProcess:
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        if self._process.returncode is None:
            self._end()

    def _failure(self) -> SeawallError:
        return SeawallError("the traffic generator failed", output=self._end())

    def _end(self) -> str:
        """End the process, and return what it complained of."""
        self._process.kill()
        return self._process.communicate()[1].strip()
