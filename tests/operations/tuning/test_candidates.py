"""What is tried."""

from __future__ import annotations

import pytest

from seawall.operations.tuning import candidates
from seawall.operations.tuning.candidates import Candidate, Wish
from seawall.stack.facts import Facts
from stack.cases import project

FACTS = Facts(cores=2, memory_bytes=8 << 30)
ASGI = {"entry": "chat:app", "interface": "asgi"}


def labels(found: tuple[Candidate, ...]) -> list[str]:
    return [one.label for one in found]


def test_what_a_deployment_would_run_comes_first() -> None:
    now = candidates.current(project(server={"kind": "gunicorn", "preload": True}), FACTS, frozenset())
    assert now == Candidate("gunicorn", 4, 8, preload=True)
    assert now.label == "gunicorn 4×8 preload"


def test_each_other_kind_is_tried_as_much_like_it_as_can_be() -> None:
    made = project(server={"kind": "gunicorn", "workers": 2, "preload": True})
    now = candidates.current(made, FACTS, frozenset())
    assert labels(candidates.kinds(made, FACTS, now)) == ["uwsgi 2×16 preload", "granian 2×16", "waitress 1×16"]


def test_from_a_server_of_one_process_the_others_have_as_many_workers_as_they_would_get() -> None:
    made = project(server={"kind": "waitress", "threads": 8})
    now = candidates.current(made, FACTS, frozenset())
    assert now.label == "waitress 1×8"
    assert labels(candidates.kinds(made, FACTS, now)) == ["gunicorn 4×8", "uwsgi 4×8", "granian 4×8"]


def test_an_asgi_app_is_tried_on_what_runs_one_and_its_threads_are_left_alone() -> None:
    made = project(app=ASGI, server={"kind": "gunicorn"})
    now = candidates.current(made, FACTS, frozenset())
    assert labels((now, *candidates.kinds(made, FACTS, now))) == ["gunicorn 2×1", "uvicorn 2×1", "granian 2×1"]
    around = candidates.around(made, FACTS, now, counts=True, allocator="")
    assert labels(around) == ["gunicorn 3×1", "gunicorn 4×1", "gunicorn 2×1 preload"]
    assert all("threads" not in one.server(made).model_fields_set for one in around)


def test_around_the_best_one_thing_is_changed_at_a_time() -> None:
    best = Candidate("gunicorn", 3, 4)
    found = candidates.around(project(), FACTS, best, counts=True, allocator="/usr/lib/x/libjemalloc.so.2")
    assert labels(found) == [
        "gunicorn 3×1",
        "gunicorn 3×8",
        "gunicorn 2×4",
        "gunicorn 4×4",
        "gunicorn 3×4 preload",
        "gunicorn 3×4 jemalloc",
    ]
    assert labels(candidates.around(project(), FACTS, Candidate("waitress", 1, 4), counts=True, allocator="")) == [
        "waitress 1×1",
        "waitress 1×8",
    ]


def test_on_a_machine_that_is_not_the_apps_host_the_number_of_workers_is_left_alone() -> None:
    found = candidates.around(project(), FACTS, Candidate("gunicorn", 3, 4), counts=False, allocator="")
    assert {one.workers for one in found} == {3}


def test_what_a_person_names_is_tried_in_all_combinations() -> None:
    made = project(server={"kind": "gunicorn", "workers": 3, "threads": 4})
    now = candidates.current(made, FACTS, frozenset())
    found = candidates.wished(made, FACTS, now, Wish(("gunicorn", "uwsgi"), (2, 3), (4,)))
    assert labels(found) == ["gunicorn 2×4", "uwsgi 2×4", "uwsgi 3×4"]
    assert not Wish()


def test_a_candidate_keeps_the_settings_that_its_kind_has_and_leaves_out_the_others() -> None:
    made = project(server={"kind": "gunicorn", "timeout": 90, "backlog": 64, "preload": True}, processes={"a": "b"})
    server = Candidate("waitress", 1, 8).over(made).server
    assert server.model_fields_set == {"kind", "workers", "threads", "backlog"}
    assert (server.kind, server.threads, server.backlog) == ("waitress", 8, 64)
    server = Candidate("uwsgi", 2, 4, preload=True).over(made).server
    assert (server.timeout, server.preload) == (90, True)


def test_only_the_app_itself_is_run_not_what_runs_beside_it() -> None:
    made = project(processes={"mail": "mailer"}, schedule={"clean": {"command": "clean", "at": "daily"}})
    over = Candidate("gunicorn", 1, 1).over(made)
    assert (over.processes, over.schedule) == ({}, {})


@pytest.mark.parametrize("there", [{}, {"LD_PRELOAD": "/old"}])
def test_an_allocator_is_a_variable_of_the_app(there: dict[str, str]) -> None:
    env = {"SECRET": "x", **there}
    assert Candidate("gunicorn", 1, 1, allocator="/lib/a.so").env(env) == {"SECRET": "x", "LD_PRELOAD": "/lib/a.so"}
    assert Candidate("gunicorn", 1, 1).env(env) == {"SECRET": "x"}
