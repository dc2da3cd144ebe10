"""What follows from the runs."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.operations.tuning import analysis
from seawall.operations.tuning.analysis import Result, Run
from seawall.operations.tuning.candidates import Candidate

NOW = Candidate("gunicorn", 3, 4)


def run(*rates: float, failed: int = 0, memory: int = 100) -> Run:
    return Run(rates, (10.0,) * len(rates), failed, "answered 500" if failed else "", memory, 0.2)


def result(kind: str, *runs: Run) -> Result:
    return Result(Candidate(kind, 3, 4), runs)  # type: ignore[arg-type]


BASE = result("gunicorn", run(100, 1000), run(110, 900), run(90, 1100))


def test_routes_count_alike_however_quick_they_are() -> None:
    other = result("uwsgi", run(200, 500), run(200, 500), run(200, 500))
    assert analysis.relative(other, BASE) == pytest.approx(1.0)


def test_medians_are_compared_so_that_one_bad_round_decides_nothing() -> None:
    other = result("uwsgi", run(130, 1300), run(131, 1301), run(1, 1))
    assert analysis.relative(other, BASE) == pytest.approx(1.3)


def test_each_turn_must_be_quicker_than_each_of_what_runs_now() -> None:
    """A machine with ups and downs shows differences that are none."""
    lucky = result("uwsgi", run(130, 1300), run(150, 1500), run(104, 1040))
    busy = result("gunicorn", run(100, 1000), run(135, 1350), run(60, 600))
    assert not analysis.clearly_quicker(lucky, busy)
    assert analysis.clearly_quicker(lucky, result("gunicorn", *[run(100, 1000)] * 3))


@pytest.mark.parametrize(("times", "wins"), [(1.05, False), (1.15, True)])
def test_only_a_clear_difference_is_one(times: float, wins: bool) -> None:
    other = result("uwsgi", *(run(*(rate * times for rate in one.rates)) for one in BASE.runs))
    assert analysis.best([BASE, other]) is (other if wins else BASE)


@pytest.mark.parametrize("rounds", [1, 2])
def test_few_rounds_decide_nothing(rounds: int) -> None:
    base, other = result("gunicorn", *[run(100)] * rounds), result("uwsgi", *[run(900)] * rounds)
    assert analysis.best([base, other]) is base


def test_who_fails_a_request_does_not_win() -> None:
    other = result("uwsgi", run(900, 9000), run(900, 9000, failed=1), run(900, 9000))
    assert analysis.best([BASE, other]) is BASE
    assert other.why_not == "requests failed: answered 500"
    assert analysis.hopeful([BASE, other]) == (BASE,)


def test_of_those_about_as_quick_the_one_with_the_least_memory_wins() -> None:
    quick = [run(200, 2000, memory=500)] * 3
    modest = [run(198, 1990, memory=80)] * 3
    slower = [run(150, 1500, memory=10)] * 3
    found = [BASE, result("uwsgi", *quick), result("granian", *modest), result("waitress", *slower)]
    assert analysis.best(found) is found[2]


def test_after_a_round_who_will_not_win_is_left_out_but_never_what_runs_now() -> None:
    base, quick, close, slow = (
        result("gunicorn", run(50)),
        result("uwsgi", run(100)),
        result("granian", run(70)),
        result("waitress", run(60)),
    )
    left_out = Result(Candidate("uvicorn", 1, 1), (), "it does not run WSGI apps")
    assert analysis.hopeful([base, quick, close, slow, left_out]) == (base, quick, close)


def test_who_was_left_out_after_a_round_is_not_compared_with_the_others() -> None:
    dropped = result("uwsgi", run(900, 9000), run(900, 9000))
    assert analysis.best([BASE, dropped]) is BASE


def test_a_busy_machine_is_known_by_what_differs_though_it_is_the_same() -> None:
    assert analysis.unsteady(result("gunicorn", run(100), run(50), run(110))) == pytest.approx(2.2)
    assert analysis.unsteady(result("gunicorn", run(100))) == 1.0
    assert analysis.unsteady(Result(NOW)) == 1.0


def test_nothing_answered_is_no_division_by_zero() -> None:
    silent = result("gunicorn", run(0, 0), run(0, 0))
    other = result("uwsgi", run(0, 10), run(0, 10))
    assert analysis.best([silent, other]) in (silent, other)


@given(st.lists(st.lists(st.floats(50, 200), min_size=3, max_size=3), min_size=1, max_size=5))
def test_the_answer_is_what_runs_now_or_clearly_quicker_than_it(rates: list[list[float]]) -> None:
    found = [Result(Candidate("gunicorn", 1, number + 1), tuple(map(run, one))) for number, one in enumerate(rates)]
    best = analysis.best(found)
    assert best is found[0] or analysis.relative(best, found[0]) >= analysis.CLEARLY
