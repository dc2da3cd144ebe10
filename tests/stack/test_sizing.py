"""How many workers a release gets, and what the sum is made of."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from seawall.agent.vocabulary import Measured, Serving
from seawall.errors import ConfigError, ConfigErrors
from seawall.stack import sizing
from seawall.stack.facts import Facts
from seawall.stack.sizing import MIB, size
from stack.cases import BOOKWORM, composed, project

GIB = 1024 * MIB


def measured(worker: int, main: int = 30 * MIB, **changes: Any) -> Measured:
    values: dict[str, Any] = {"served": True, "live": True, **changes}
    serving = Serving(values.pop("kind", "gunicorn"), values.pop("workers", 3), 4, values.pop("preload", False))
    return Measured(values.pop("release", "v7"), serving, main, worker, **values)


def workers(facts: Facts, kind: str = "gunicorn", **settings: Any) -> int:
    return size(project(**settings), facts, kind).workers


# --- exact values


@pytest.mark.parametrize(
    ("cores", "memory", "expected"),
    [
        (1, 4 * GIB, (2, "cores")),
        (2, 4 * GIB, (4, "cores")),
        (4, 4 * GIB, (8, "cores")),
        (5, 4 * GIB, (8, "most")),
        (64, 256 * GIB, (8, "most")),
        (4, GIB, (2, "memory")),
        (4, 512 * MIB, (1, "memory")),
        (4, 128 * MIB, (1, "memory")),
        (2, 0, (4, "cores")),
    ],
)
def test_workers_follow_from_the_cores_as_far_as_the_memory_goes(
    cores: int, memory: int, expected: tuple[int, str]
) -> None:
    sized = size(project(), Facts(cores=cores, memory_bytes=memory), "gunicorn")
    assert (sized.workers, sized.limit) == expected


@pytest.mark.parametrize("alone", [{"threads": 1}, {"kind": "gunicorn", "worker": "sync"}])
def test_workers_without_threads_are_one_more_than_cores(alone: dict[str, Any]) -> None:
    sized = size(project(server=alone), Facts(cores=2, memory_bytes=4 * GIB), "gunicorn")
    assert (sized.workers, sized.threads) == (3, 1)


@pytest.mark.parametrize("loop", [{"app": {"entry": "m:a", "interface": "asgi"}}, {"server": {"worker": "gevent"}}])
def test_workers_with_an_event_loop_are_one_for_each_core(loop: dict[str, Any]) -> None:
    assert [workers(Facts(cores=cores), **loop) for cores in (1, 2, 5)] == [2, 2, 5]


@pytest.mark.parametrize(("workers", "threads"), [(1, 16), (2, 16), (3, 10), (4, 8), (8, 4), (40, 4)])
def test_thirty_two_threads_are_shared_among_the_workers(workers: int, threads: int) -> None:
    assert size(project(server={"workers": workers}), Facts(), "uwsgi").threads == threads


def test_threads_that_somebody_chose_are_taken() -> None:
    assert size(project(server={"threads": 7}), Facts(), "uwsgi").threads == 7


def test_what_a_worker_was_measured_to_take_decides_how_many_fit() -> None:
    facts = Facts(cores=8, memory_bytes=2 * GIB)  # room for a release: (2048 - 128 - 204.8) / 2 = 857.6 MiB
    assert workers(facts) == 5
    assert workers(replace(facts, measured=(measured(40 * MIB),))) == 8
    assert workers(replace(facts, measured=(measured(350 * MIB),))) == 2
    assert workers(replace(facts, measured=(measured(5 * GIB),))) == 1


def test_other_apps_and_the_apps_own_processes_take_their_part() -> None:
    facts = Facts(cores=7, memory_bytes=2 * GIB, measured=(measured(100 * MIB, workers=1),))
    assert workers(facts) == 7
    assert workers(replace(facts, other_apps=(("blog", 600 * MIB), ("shop", 0)))) == 3
    assert workers(replace(facts, measured=(measured(100 * MIB, processes=400 * MIB, workers=1),))) == 3
    assert workers(Facts(cores=7, memory_bytes=2 * GIB), processes={"mail": {"command": "mail", "count": 2}}) == 3


def test_a_limit_of_the_sandbox_limits_the_workers() -> None:
    facts = Facts(cores=7, memory_bytes=16 * GIB, measured=(measured(100 * MIB),))
    assert workers(facts) == 8
    assert workers(facts, sandbox={"memory": "400m"}) == 3


def test_a_server_of_one_process_has_one_worker() -> None:
    assert workers(Facts(cores=8, memory_bytes=16 * GIB), "waitress") == 1


def test_a_number_that_somebody_chose_is_taken() -> None:
    sized = size(project(server={"workers": 33}), Facts(cores=1, memory_bytes=16 * GIB), "gunicorn")
    assert (sized.workers, sized.limit) == (33, "chosen")


# --- where the figure is from


def test_without_a_measurement_the_sum_says_that_it_is_an_estimate() -> None:
    figure = size(project(), Facts(memory_bytes=GIB), "gunicorn").figure
    assert (figure.worker, figure.source) == (128 * MIB, "an estimate, until a deployment has measured it")


def test_a_plan_says_when_an_estimate_has_decided() -> None:
    small = replace(BOOKWORM, cores=3, memory_bytes=GIB)
    (note,) = [note for note in composed(facts=small).notes if "estimate" in note]
    assert note.startswith("2 workers by an estimate of 134 MB each: this deployment measures")
    assert not [note for note in composed(facts=BOOKWORM).notes if "estimate" in note], "the cores have decided"
    known = replace(small, measured=(measured(130 * MIB),))
    assert not [note for note in composed(facts=known).notes if "estimate" in note]


def test_a_release_that_has_just_started_counts_as_much_as_an_earlier_one_has_grown_to() -> None:
    young, old = measured(50 * MIB, served=False), measured(80 * MIB, live=False, release="v6")
    figure = size(project(), Facts(memory_bytes=GIB, measured=(young, old)), "gunicorn").figure
    assert (figure.worker, figure.source) == (80 * MIB, "measured in v6 when it had served")
    figure = size(
        project(), Facts(memory_bytes=GIB, measured=(measured(90 * MIB, served=False), old)), "gunicorn"
    ).figure
    assert (figure.worker, figure.source) == (90 * MIB, "measured in v7 when it started")


def test_a_measurement_with_preload_is_not_taken_for_one_without() -> None:
    forked = measured(20 * MIB, main=50 * MIB, preload=True, workers=3)
    facts = Facts(memory_bytes=4 * GIB, measured=(forked,))
    figure = size(project(), facts, "gunicorn").figure
    assert (figure.worker, figure.measured) == (170 * MIB, False)
    assert figure.source == "measured in v7, with preload"
    assert size(project(server={"preload": True}), facts, "gunicorn").figure.worker == 20 * MIB


def test_another_server_is_counted_by_what_is_known_of_the_first() -> None:
    facts = Facts(memory_bytes=4 * GIB, measured=(measured(70 * MIB),))
    figure = size(project(), facts, "uwsgi").figure
    assert (figure.worker, figure.source) == (70 * MIB, "measured in v7, with gunicorn")


def test_the_sum_is_shown_term_by_term_and_comes_out() -> None:
    facts = Facts(cores=2, memory_bytes=2 * GIB, measured=(measured(350 * MIB),), other_apps=(("shop", 100 * MIB),))
    terms = {term.name: term.value for term in size(project(), facts, "gunicorn").terms}
    assert list(terms) == ["cores", "memory", "system", "app shop", "release", "main", "worker", "fit"]
    assert terms["release"] == (terms["memory"] + terms["system"] + terms["app shop"]) // 2
    assert terms["fit"] == (terms["release"] + terms["main"]) // terms["worker"] == 2


# --- refusals


def refused(facts: Facts, **server: Any) -> ConfigError | None:
    (error,) = [*sizing.too_many(project(server=server), facts, "gunicorn")] or [None]
    return error


def test_more_workers_than_memory_are_refused_with_the_number_that_fits() -> None:
    facts = Facts(cores=2, memory_bytes=2 * GIB, measured=(measured(200 * MIB),))
    assert refused(facts, workers=4) is None
    error = refused(facts, workers=5)
    assert error is not None
    assert error.fact.startswith("5 workers do not fit into the memory of the host")
    assert "a worker takes 210 MB (measured in v7 when it had served)" in error.fact
    assert "workers = 4," in error.remedy


def test_a_plan_tells_it_with_all_that_cannot_work_together() -> None:
    facts = replace(BOOKWORM, memory_bytes=GIB)
    with pytest.raises(ConfigErrors) as told:
        composed(project(server={"kind": "gunicorn", "workers": 512, "worker": "asgi"}), facts=facts)
    assert [error.place for error in told.value.errors][-1] == "server.workers"
    assert len(told.value.errors) > 1


def test_an_estimate_refuses_only_what_no_server_could_do() -> None:
    facts = Facts(cores=2, memory_bytes=2 * GIB)
    assert refused(facts, workers=100) is None
    error = refused(facts, workers=512)
    assert error is not None
    assert "workers = 6," in error.remedy


def test_auto_is_never_refused() -> None:
    assert refused(Facts(cores=64, memory_bytes=64 * MIB, measured=(measured(GIB),))) is None


# --- what holds of every host and app

sizes = st.integers(MIB, 4 * GIB)
hosts = st.builds(
    Facts,
    cores=st.integers(1, 64),
    memory_bytes=st.integers(64 * MIB, 64 * GIB),
    measured=st.one_of(
        st.just(()), st.tuples(st.builds(measured, sizes, sizes, workers=st.integers(1, 12), processes=sizes))
    ),
)


@given(hosts)
def test_there_is_always_a_worker_and_more_than_one_always_fit(facts: Facts) -> None:
    sized = size(project(), facts, "gunicorn")
    assert sized.workers >= 1
    if sized.workers > 1:
        assert sized.fit is not None
        assert sized.workers <= sized.fit
        rest = facts.memory_bytes - 2 * sized.figure.need(sized.workers)
        assert rest >= sizing.SYSTEM, "two releases side by side leave the system its part"


@given(hosts, st.integers(0, 32), st.integers(0, 32 * GIB))
def test_more_cores_and_more_memory_never_mean_fewer_workers(facts: Facts, cores: int, memory: int) -> None:
    larger = replace(facts, cores=facts.cores + cores, memory_bytes=facts.memory_bytes + memory)
    assert workers(larger) >= workers(facts)


@given(hosts, sizes, sizes, st.lists(st.tuples(*[st.floats(0.9, 1.1)] * 3), min_size=1, max_size=6))
def test_measurements_that_differ_by_a_tenth_change_nothing(
    host: Facts, worker: int, main: int, noise: list[tuple[float, float, float]]
) -> None:
    """The next deployment, measured anew, is no new release: a number once chosen by a measurement is kept by every
    other that is within a tenth of that."""
    first = workers(replace(host, measured=(measured(worker, main, live=False, processes=main),)))
    for a, b, c in [(1.0, 1.0, 1.0), *noise]:
        again = measured(int(worker * a), int(main * b), workers=first, processes=int(main * c))
        assert workers(replace(host, measured=(again,))) == first


@given(hosts, sizes, sizes)
def test_one_more_deployment_settles_it(host: Facts, worker: int, main: int) -> None:
    """An estimate may have to be corrected once, and only once."""
    estimated = workers(replace(host, measured=()))
    corrected = workers(replace(host, measured=(measured(worker, main, workers=estimated),)))
    assert workers(replace(host, measured=(measured(worker, main, workers=corrected),))) == corrected


@given(hosts, sizes, sizes, st.floats(0.9, 1.1))
@example(Facts(cores=1, memory_bytes=5_591_067_101), MIB, 2_302_731_600, 1.0625)
def test_a_number_that_was_raised_is_not_taken_back_by_noise(host: Facts, worker: int, main: int, noise: float) -> None:
    """Whatever is live, and kept for a while: when it changes, it changes for good."""
    for live in range(1, 9):
        changed = workers(replace(host, measured=(measured(worker, main, workers=live),)))
        again = measured(int(worker * noise), int(main * noise), workers=changed)
        assert changed == live or workers(replace(host, measured=(again,))) == changed
