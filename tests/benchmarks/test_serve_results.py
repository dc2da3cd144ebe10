"""From samples to medians, from medians to tables, promises and the page."""

import pytest
from bench.serve import page, tables
from bench.serve.contenders import TUTORIAL as TUTORIALS
from bench.serve.contenders import UWSGI
from bench.serve.crowd import Crowd
from bench.serve.model import Model
from bench.serve.results import Results, promises
from bench.serve.rounds import Figure, Sample, figure, in_order
from bench.serve.views import HELLO, PAGE

LABELS = {"tutorial": "the tutorial", "uwsgi": "uWSGI", "bare": "bare nginx", "seawall": "seawall's defaults"}


def a_figure(view: str, entrant: str, rate: float, p99: float = 10.0, failed: int = 0) -> Figure:
    return Figure(view, entrant, rate, 5.0, p99, 120.0, failed, rate, rate)


QUICK = Results(
    LABELS,
    (
        a_figure("hello", "tutorial", 1000, p99=20),
        a_figure("hello", "uwsgi", 4000),
        a_figure("hello", "seawall", 4100, p99=12),
        a_figure("static", "bare", 20_000),
        a_figure("static", "seawall", 19_000),
    ),
    memory={"tutorial": 168.2, "seawall": 96.0},
    crowd=Crowd(4000, 3800, 0),
    model=Model(230, 260),
)


def test_a_figure_is_the_median_of_its_samples_and_counts_every_failure() -> None:
    samples = [Sample(100, 1, 9, 50, 0), Sample(300, 3, 7, 70, 2), Sample(120, 2, 8, 90, 1)]

    assert figure("page", "uwsgi", samples) == Figure("page", "uwsgi", 120, 2, 8, 70, 3, 100, 300)


def test_each_round_begins_with_another_and_asks_all() -> None:
    entrants = [TUTORIALS.entrant, UWSGI.entrant]

    assert in_order(entrants, 0) == entrants
    assert in_order(entrants, 1) == entrants[::-1]
    assert in_order(entrants, 2) == entrants


def test_rates_are_told_as_multiples_of_the_tutorials_and_whoever_was_not_asked_has_no_line() -> None:
    assert tables.rates(QUICK).splitlines() == [
        "| requests a second | return 'Hello' | static file, 10 kB |",
        "| --- | --- | --- |",
        "| the tutorial | 1,000 |  |",
        "| uWSGI | 4,000 (4.00 ×) |  |",
        "| bare nginx |  | 20,000 |",
        "| seawall's defaults | 4,100 (4.10 ×) | 19,000 |",
    ]


def test_memory_stands_beside_what_a_request_costs() -> None:
    assert "| seawall's defaults | 120 | 120 | 96 MB |" in tables.costs(QUICK).splitlines()


def test_promises_that_hold_are_ok() -> None:
    assert [(one.what, one.found, one.holds) for one in promises(QUICK)] == [
        ("return 'Hello': beside the tutorial", "4.10 ×", True),
        ("return 'Hello': beside the fastest of the others (uWSGI)", "1.02 ×", True),
        ("return 'Hello': 99 of 100 answers within", "12.0 ms", True),
        ("static file: beside bare nginx", "0.95 ×", True),
        ("beside 1,000 slow visitors", "0.95 × as many requests a second", True),
        ("4 preloaded workers with a model of 200 MB", "260 MB, 1.13 × one worker's", True),
        ("requests that failed", "0", True),
    ]


def test_promises_that_are_missed_are_told_as_such() -> None:
    slow = Results(
        LABELS,
        (
            a_figure("page", "tutorial", 1000, p99=20),
            a_figure("page", "uwsgi", 1300),
            a_figure("page", "seawall", 1100, p99=30, failed=1),
        ),
        crowd=Crowd(4000, 3000, 2),
        model=Model(230, 500),
    )

    assert [one.holds for one in promises(slow)] == [False] * 6
    assert promises(slow)[-1].found == "3"
    assert "| 4 preloaded workers with a model of 200 MB | 500 MB, 2.17 × one worker's | < 1.3 × | missed |" in (
        tables.promised(slow)
    )


@pytest.mark.parametrize(("own", "holds"), [(80_000, True), (50_000, True), (49_000, False)])
def test_a_cached_page_is_quick_by_itself_or_beside_the_ceiling(own: float, holds: bool) -> None:
    results = Results(LABELS, (a_figure("cached", "ceiling", 100_000), a_figure("cached", "seawall", own)))

    assert [one.holds for one in promises(results) if one.what == "cached page"] == [holds]


def test_a_knob_is_told_beside_the_one_without() -> None:
    results = Results(
        LABELS,
        knob_labels={"base": "plain", "frozen": "frozen"},
        knobs=(
            a_figure(PAGE.name, "base", 1000),
            a_figure(PAGE.name, "frozen", 1100),
            a_figure(HELLO.name, "base", 9000),
            a_figure(HELLO.name, "frozen", 9000),
        ),
    )

    said = tables.tuning(results).splitlines()[-1]
    assert said == "| frozen | 1.10 ×; 10.0 ms; 120 µs | 1.00 ×; 10.0 ms; 120 µs |  |"


def test_the_page_gets_the_results_between_its_marks_and_keeps_the_rest() -> None:
    before = f"# Performance\n\n{page.BEGIN}\nold\n{page.END}\n\nafter\n"

    after = page.with_results(before, QUICK, {"cores": "2"})

    assert after.startswith(f"# Performance\n\n{page.BEGIN}\n\n![Requests a second")
    assert after.endswith(f"Measured on: cores 2.\n\n{page.END}\n\nafter\n")
    assert "old" not in after
    assert page.with_results(after, QUICK, {"cores": "2"}) == after


def test_a_page_without_the_marks_is_refused() -> None:
    with pytest.raises(ValueError, match="has no lines"):
        page.with_results("# Performance\n", QUICK, {})
