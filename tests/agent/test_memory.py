"""What a release's processes take: measured on real ones."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from agent.protocol import Manager
from agent.sample import places, release
from seawall.agent import memory
from seawall.agent.places import Places, ReleasePlaces
from seawall.agent.vocabulary import Measured, Program, Serving, to_wire

MB = 1_000_000
#: A master that forks workers, each with some memory of its own besides what all share, and a small helper.
SERVER = """
import os, sys, time
shared = os.urandom({shared})
for size in {own}:
    if os.fork() == 0:
        mine = os.urandom(size)
        print("ready", flush=True)
        time.sleep(60)
print("ready", flush=True)
time.sleep(60)
"""


@contextmanager
def server(shared: int, *own: int) -> Iterator[int]:
    """Its process id, once all are ready."""
    code = SERVER.format(shared=shared, own=own)
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, start_new_session=True) as process:
        try:
            assert process.stdout is not None
            for _ in range(len(own) + 1):
                process.stdout.readline()
            yield process.pid
        finally:
            os.killpg(process.pid, signal.SIGKILL)


class Running(Manager):
    """A service manager whose programs are these processes."""

    def __init__(self, **pids: int) -> None:
        super().__init__()
        self._pids = pids

    def pids(self, at: ReleasePlaces, program: Program) -> list[int]:
        return [self._pids[program.name]] if program.name in self._pids else []


@pytest.fixture
def there(tmp_path: Path) -> Places:
    made = places(tmp_path / "tiny")
    for name in ("v1", "v2"):
        made.release(name).root.mkdir()
    return made


def measured(release_id: str, worker: int, *, served: bool) -> Measured:
    return Measured(release_id, Serving("gunicorn", 2, 4), 5 * MB, worker, served=served)


def test_the_largest_worker_counts_and_helpers_are_counted_once(there: Places) -> None:
    made = release(serving=Serving("gunicorn", 2, 4, True))
    with server(0, 40 * MB, 60 * MB, 0) as pid:
        found = memory.measure(Running(web=pid), there.release("v1"), made, served=False)
    assert found is not None
    assert 60 * MB < found.worker < 80 * MB
    assert 0 < found.main < 30 * MB, "the master and the helper"
    assert (found.release, found.serving, found.served) == ("v1", made.serving, False)


def test_what_workers_share_counts_for_each_by_its_part(there: Places) -> None:
    made = release(serving=Serving("gunicorn", 3, 1, True))
    with server(80 * MB, 0, 0, 0) as pid:
        found = memory.measure(Running(web=pid), there.release("v1"), made, served=True)
    assert found is not None
    assert 20 * MB < found.worker < 40 * MB
    assert 80 * MB < found.whole < 120 * MB


def test_a_server_of_one_process_is_its_own_worker(there: Places) -> None:
    with server(50 * MB) as pid:
        found = memory.measure(Running(web=pid), there.release("v1"), release(), served=True)
    assert found is not None
    assert found.main == 0
    assert 50 * MB < found.worker < 70 * MB


def test_the_releases_other_programs_are_counted_together(there: Places) -> None:
    (web,) = release().programs
    made = release(programs=(web, Program("process", "mail", (), (), ()), Program("schedule", "clean", (), (), ())))
    with server(0) as pid, server(30 * MB) as mail:
        found = memory.measure(Running(web=pid, mail=mail, clean=mail), there.release("v1"), made, served=True)
    assert found is not None
    assert 30 * MB < found.processes < 50 * MB


@pytest.mark.parametrize("pids", [{}, {"web": 2**22 + 1}])
def test_of_what_does_not_run_there_is_no_measurement(there: Places, pids: dict[str, int]) -> None:
    assert memory.measure(Running(**pids), there.release("v1"), release(), served=True) is None
    memory.record(there.release("v1"), None)
    counted = {"connections": 0, "mariadb_connections": 0}
    assert memory.told(there) == {"measured": [], "others": {}, **counted, "pool_unused": False, "databases": []}


def test_a_release_is_known_once_it_was_measured_when_it_had_served(there: Places) -> None:
    at = there.release("v1")
    assert not memory.is_known(at)
    for served in (False, True):
        memory.record(at, measured("v1", 10, served=served))
        assert memory.is_known(at) is served


def test_the_live_release_is_told_first_and_other_apps_by_what_they_take(there: Places, tmp_path: Path) -> None:
    for name in ("v1", "v2"):
        memory.record(there.release(name), measured(name, 20 * MB, served=True))
    there.live.symlink_to("releases/v1")
    for name, known in (("blog", True), ("shop", False)):
        other = places(tmp_path / name)
        other.release("v5").root.mkdir()
        other.live.symlink_to("releases/v5")
        memory.record(other.release("v5"), measured("v5", 20 * MB, served=True) if known else None)
    told = memory.told(there)
    assert [(one["release"], one["live"]) for one in told["measured"]] == [("v1", True), ("v2", False)]
    assert told["others"] == {"blog": 45 * MB, "shop": 0}


@pytest.mark.parametrize("text", ["", "{", "[]", '{"release": "v1"}', "\xff"])
def test_a_record_that_cannot_be_read_is_none(there: Places, text: str) -> None:
    there.release("v1").memory.write_text(text)
    assert memory.told(there)["measured"] == []
    memory.record(there.release("v1"), measured("v1", 7, served=False))
    assert memory.told(there)["measured"] == [{**to_wire(measured("v1", 7, served=False)), "live": False}]
