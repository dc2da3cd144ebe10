from __future__ import annotations

import pytest

from seawall.traffic import Failure, Mark, Report
from seawall.traffic.report import KEPT_FAILURES, Tally, percentile


def tallied() -> Report:
    tally = Tally()
    for number in range(100):
        tally.answered(due=number, now=number + (number + 1) / 1000)
        tally.status(200)
    tally.fail(due=3.00042, now=3.5, what="connection reset")
    tally.marked("1.0", 0.1)
    tally.marked("2.0", 0.2)
    tally.marked("2.0", 0.3)
    return tally.report(started_at=1_700_000_000.0, seconds=10.0)


def test_a_report_counts_answers_and_failures() -> None:
    report = tallied()
    assert (report.requests, report.failed, report.by_status) == (101, 1, {200: 100})
    assert report.failures == (Failure(3.0, "connection reset"),)
    assert (report.p50_ms, report.p99_ms) == (50.0, 99.0)
    assert report.marks == (Mark("1.0", 0.1, 0.1, 1), Mark("2.0", 0.2, 0.3, 2))


def test_the_wait_for_a_failure_is_a_stall_too() -> None:
    assert tallied().longest_stall_ms == 499.58


def test_a_report_is_one_line_for_people() -> None:
    assert tallied().line() == (
        "101 requests, 1 failed, longest stall 500 ms, p50 50.0 ms, p99 99.0 ms, 10.0 s (100 x 200)"
    )


def test_a_report_survives_json() -> None:
    assert Report.from_json(tallied().to_json()) == tallied()


def test_all_failures_are_counted_though_not_all_are_described() -> None:
    tally = Tally()
    for number in range(KEPT_FAILURES + 5):
        tally.fail(number, number, "connection refused")
    report = tally.report(0, 1)
    assert report.failed == KEPT_FAILURES + 5
    assert len(report.failures) == KEPT_FAILURES


@pytest.mark.parametrize(
    ("values", "percent", "expected"),
    [([], 50, 0), ([7], 1, 7), ([1, 2], 50, 1), ([1, 2, 3], 50, 2), ([1, 2, 3], 100, 3)],
)
def test_percentiles_are_by_nearest_rank(values: list[float], percent: float, expected: float) -> None:
    assert percentile(values, percent) == expected
