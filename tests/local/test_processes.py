"""Workers move with the release."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from local.site import Site, command_of, folder_of
from seawall.operations import look


def test_a_worker_starts_with_its_release_and_moves_with_the_next_one(fresh: Site) -> None:
    fresh.write("work.py", "import os, time\nprint('at work in', os.getcwd(), flush=True)\ntime.sleep(600)\n")
    fresh.configure("processes", 'clerk = { command = "python work.py", count = 2 }')
    fresh.deploy()
    assert workers(fresh) == {"v1": 2}
    fresh.version("two")
    fresh.deploy()
    assert workers(fresh) == {"v2": 2}
    with fresh.connected() as hosts:
        programs = {(program.name, program.role, program.broken) for program in look.status(hosts)[0].programs}
    assert programs == {("web", "web", ""), ("clerk", "process", "")}
    log = fresh.do(lambda hosts: look.logs(hosts, ["clerk"], 20, follow=False)).output()
    assert "at work in" in log
    fresh.down()
    assert workers(fresh) == {}


def workers(site: Site) -> dict[str, int]:
    """How many workers run of each release."""
    running = [pid for pid in site.processes() if command_of(pid).startswith("python work.py")]
    return dict(Counter(Path(folder_of(pid)).parent.name for pid in running))
