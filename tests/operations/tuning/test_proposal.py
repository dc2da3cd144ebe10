"""What is proposed for seawall.toml."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from pathlib import Path

from seawall.config.document import Document
from seawall.config.model import Project
from seawall.operations.tuning.candidates import Candidate
from seawall.operations.tuning.proposal import Proposal, propose

NOW = Candidate("gunicorn", 3, 4)
FILE = """\
name = "guestbook"
[app]
entry = "guestbook:create_app()"
[server]
timeout = 90   # slow reports
"""


def proposed(
    text: str, best: Candidate, environment: str = "production", *, now: Candidate = NOW, counts: bool = True
) -> Proposal:
    data = tomllib.loads(text)
    overlay = data.pop("environments", {}).get(environment, {})
    data["server"] = {**data.get("server", {}), **overlay.get("server", {})}
    document = Document(Path("/p/seawall.toml"), text, tomllib.loads(text))
    return propose(document, Project(**data, environment=environment, directory=Path("/p")), now, best, counts=counts)


def added(proposal: Proposal) -> list[str]:
    return [line for line in proposal.diff.splitlines()[2:] if line[0] in "+-"]


def test_nothing_is_proposed_for_what_runs_already() -> None:
    assert proposed(FILE, NOW) == Proposal()


def test_only_what_differs_is_proposed() -> None:
    assert added(proposed(FILE, replace(NOW, threads=8, preload=True))) == ["+threads = 8", "+preload = true"]
    assert added(proposed(FILE, replace(NOW, workers=5))) == ["+workers = 5"]


def test_a_setting_that_the_other_kind_lacks_goes() -> None:
    best = Candidate("waitress", 1, 8)
    assert added(proposed(FILE, best, counts=False)) == [
        "-timeout = 90   # slow reports",
        '+kind = "waitress"',
        "+threads = 8",
    ]
    assert added(proposed(FILE, Candidate("uwsgi", 3, 4))) == ['+kind = "uwsgi"']


def test_a_number_of_workers_found_on_another_machine_is_not_proposed() -> None:
    assert added(proposed(FILE, replace(NOW, workers=9, threads=1), counts=False)) == ["+threads = 1"]
    chosen = FILE + "workers = 12\n"
    assert added(proposed(chosen, Candidate("waitress", 1, 4), now=replace(NOW, workers=12), counts=False)) == [
        "-timeout = 90   # slow reports",
        "-workers = 12",
        '+workers = "auto"',
        '+kind = "waitress"',
    ]


def test_what_was_off_by_default_is_taken_out_again() -> None:
    text = FILE + "preload = true\n"
    assert added(proposed(text, NOW, now=replace(NOW, preload=True))) == ["-preload = true"]


def test_an_allocator_is_a_variable_and_a_package() -> None:
    proposal = proposed(FILE, replace(NOW, allocator="/usr/lib/x86_64-linux-gnu/libjemalloc.so.2"))
    assert added(proposal) == ["+", "+[env]", '+LD_PRELOAD = "/usr/lib/x86_64-linux-gnu/libjemalloc.so.2"']
    assert "libjemalloc2" in proposal.notes[0]


def test_an_environment_beside_production_gets_a_table_of_its_own() -> None:
    text = FILE + "[environments.staging]\ndomains = []\n"
    changed = tomllib.loads(proposed(text, replace(NOW, threads=8), "staging").text)
    assert changed["server"] == {"timeout": 90}
    assert changed["environments"]["staging"]["server"] == {"threads": 8}


def test_what_the_environment_names_itself_is_changed_there() -> None:
    text = FILE + "[environments.production.server]\nthreads = 2\n"
    proposal = proposed(text, Candidate("gunicorn", 5, 8), now=Candidate("gunicorn", 3, 2))
    changed = tomllib.loads(proposal.text)
    assert changed["environments"]["production"]["server"] == {"threads": 8}
    assert changed["server"] == {"timeout": 90, "workers": 5}
