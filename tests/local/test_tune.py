"""Ways to run the app are tried for real on this machine, and nothing of it is left."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.site import APP, Site, command_of, new_site
from seawall.config.document import find
from seawall.operations.events import Progress
from seawall.operations.plan import read_project
from seawall.operations.tune import Telling, Tuned, tune
from seawall.operations.tuning import place
from seawall.operations.tuning.candidates import Wish
from seawall.operations.tuning.proposal import propose
from seawall.operations.tuning.trials import Order

SEAWALL = Path(sys.executable).with_name("seawall")
#: Long enough for a busy machine; with this, a turn's load is as short as can be.
QUICK = {"seconds": 40.0, "visitors": 4, "counts": False, "leads": True}
#: An app that writes down how often it was set up, and that one server cannot run.
PARTICULAR = f"""\
import sys
{APP}
if "waitress" in sys.modules:
    raise RuntimeError("not under waitress")


@app.get("/kept")
def kept():
    return open("kept/note").read()
"""


@pytest.fixture
def untouched(monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """A site of the test's own; afterwards nothing of a tuning may be there."""
    monkeypatch.setattr("seawall.operations.tuning.analysis.ROUNDS", 1)
    site = new_site()
    site.configure("server", 'kind = "gunicorn"', "threads = 2")
    try:
        yield site
        assert not {"tune", "tune.lock"} & set(os.listdir(site.folder / ".seawall"))
        assert not running(site)
    finally:
        site.end()


def running(site: Site) -> list[str]:
    """The processes that a tuning has left."""
    there = str(site.folder / ".seawall" / "tune")
    pids = [int(name) for name in os.listdir("/proc") if name.isdigit()]
    return [command for command in map(command_of, pids) if there in command]


def tuned(
    site: Site, *routes: str, optional: tuple[str, ...] = (), **wish: tuple[object, ...]
) -> tuple[Tuned, list[Telling]]:
    told: list[Telling] = []
    project = site.project
    wanted = read_project(project)
    order = Order(routes, optional, Wish(**wish), **QUICK)  # type: ignore[arg-type]
    with place.on_this_machine(wanted) as (host, here):
        work = tune(host, here, order)
        while True:
            try:
                told.append(next(work))
            except StopIteration as end:
                return end.value, told


def test_candidates_are_started_loaded_and_compared(untouched: Site) -> None:
    done, told = tuned(untouched, "/", "/nothing", optional=("/nothing",), kinds=("gunicorn", "waitress"), threads=(4,))
    assert done.now.label == "gunicorn 1×2"
    assert [result.candidate.label for result, _ in done.results] == ["gunicorn 1×2", "gunicorn 1×4", "waitress 1×4"]
    assert done.routes == ("/",), "a route that the app lacks is left out, and that is said"
    assert any("/nothing: answered 404" in one.event.text for one in told if isinstance(one, Progress))
    for result, times in done.results:
        assert result.usable, result.why_not
        assert min(result.rates) > 0
        assert result.memory > 1_000_000
        assert times > 0
    assert done.results[0][1] == 1.0
    proposal = propose(find(untouched.folder), untouched.project, done.now, done.best, counts=False)
    assert bool(proposal.diff) == (done.best != done.now)


def test_a_server_that_cannot_run_the_app_is_left_out_and_the_local_sites_data_are_only_copied(untouched: Site) -> None:
    untouched.write("app.py", PARTICULAR)
    untouched.deploy()
    note = untouched.base / "data/kept/note"
    note.write_text("mine")
    done, _ = tuned(untouched, "/kept", kinds=("waitress",), threads=(2,))
    now, other = (result for result, _ in done.results)
    assert now.usable, "the candidates see what the local site has kept"
    assert "waitress" in other.candidate.label
    assert "does not stay up" in other.why_not
    assert done.best == done.now
    assert note.read_text() == "mine"
    assert untouched.says() == "one"


def test_ctrl_c_takes_everything_back(untouched: Site) -> None:
    process = subprocess.Popen(
        [
            "env",
            "--default-signal=INT",
            str(SEAWALL),
            "tune",
            "--seconds",
            "60",
            "--kind",
            "gunicorn",
            "--threads",
            "4",
            "--route",
            "/",
        ],
        cwd=untouched.folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stderr is not None
    for line in process.stderr:
        if line.startswith("round 1"):
            break
    assert running(untouched), "it is under way"
    os.kill(process.pid, signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode in (1, 130), errors
    assert "stopped" in errors
