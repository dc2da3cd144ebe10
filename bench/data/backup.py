"""Backups of a large database and of large files: memory, what travels, and what visitors notice."""

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from tests.hosts.product import Project, certificate_file
from tests.hosts.vault import KEY, KEY_ID, open_vault

from bench.place import Place
from bench.rows import Row, median
from seawall.traffic import Report, TrafficPlan, TrafficProcess

SMALL, LARGE = 100, 5000  # MB of a database
VISITED = 100  # MB of a database while visitors come
PATIENCE = 3600  # seconds for a backup, which waits for everybody else's work
FILES = 1000  # MB
MOST_MEMORY = 100  # MB of the agent's
RATE = 200  # requests a second
#: Rows of a kilobyte each, that compress as text does: 1,000 of them are a megabyte.
ROWS = "SELECT n AS id, (SELECT string_agg(md5(n::text || k::text), ' ') FROM generate_series(1, 30) k) AS words"
#: Rows of a megabyte each, no two alike, that take little room on the host's disk and in the repository.
LONG_ROWS = "SELECT n AS id, repeat(md5(n::text), 32768) AS words"


def memory(place: Place, rounds: int) -> list[Row]:  # noqa: ARG001 - a peak, whatever the rounds
    """The peak of the agent, and of the tools that it starts, for a small and for a large database."""
    project = _project(place, "memory", {"repository": "/var/backups/memory"})
    rows = []
    for megabytes in (SMALL, LARGE):
        _fill(place, "memory", LONG_ROWS, megabytes)
        with _watched() as peaks:
            begun = time.perf_counter()
            place.host.run(["systemctl", "start", "seawall-backup-memory"], timeout=PATIENCE)
            seconds = time.perf_counter() - begun
        tools = ", ".join(f"{name} {peaks.get(name, 0.0):.0f} MB" for name in ("restic", "pg_dump"))
        beside = f"{tools}, {seconds:.1f} s"
        rows.append(Row(f"memory of the job, {megabytes} MB database", peaks["agent"], "MB", MOST_MEMORY, "", beside))
    project.seawall("backup", "list")
    return rows


def unchanged(place: Place, rounds: int) -> list[Row]:  # noqa: ARG001 - a ratio of bytes
    """What travels to an S3 server for files of 1 GB, the first time and the second."""
    with open_vault(f"{place.lab.network.prefix}.1", place.folder) as vault:
        project = _project(place, "unchanged", vault.settings)
        block = "head -c 100000000 /dev/urandom > /srv/unchanged/data/file"
        for number in range(FILES // 100):
            place.host.run(["sh", "-c", f"{block}{number}"])
        sent = []
        for _ in range(2):
            before = vault.received
            project.seawall("backup", "now")
            sent.append(vault.received - before)
    return [
        Row(
            f"sent for {FILES} MB of files that did not change",
            sent[1] / 1000,
            "kB",
            FILES * 10,
            "1 %",
            f"{sent[0] / 1e6:,.0f} MB the first time",
        )
    ]


def traffic(place: Place, rounds: int) -> list[Row]:
    """p99 of visitors at 200 requests a second, with a backup under way and without, in turns.

    The repository is a new folder of the host each time: all of the work is there, none of an S3 server's beside it.
    The visitors have the processor before everybody else, as if they came from machines of their own: what waits for
    its turn is the host.
    """
    project = _project(place, "visited", {"repository": "/var/backups/visited"})
    _fill(place, "visited", ROWS, VISITED * 1000)
    plan = TrafficPlan(
        "https://visited.example.com/",
        rate=RATE,
        ca_file=str(certificate_file(place.host, place.folder)),
        resolve_to=place.host.address,
    )
    with_it, without, taken = [], [], []
    for _ in range(rounds):
        place.host.run(["rm", "-rf", "/var/backups/visited"])
        begun = time.perf_counter()
        start = ["systemctl", "start", "seawall-backup-visited"]
        with_it.append(_visited(plan, partial(place.host.run, start, timeout=PATIENCE)))
        taken.append(time.perf_counter() - begun)
        without.append(_visited(plan, partial(time.sleep, taken[-1])))
    project.seawall("backup", "list")
    failed = sum(report.failed for report in with_it)
    lags = [report.generator_lag_ms for report in (*with_it, *without)]
    return [
        _rise("p99", [one.p99_ms for one in with_it], [one.p99_ms for one in without], 20),
        _rise("p50", [one.p50_ms for one in with_it], [one.p50_ms for one in without], None),
        Row(f"a backup of {VISITED} MB meanwhile", median(taken), "s", None, "", "it waits for all other work"),
        Row("requests failed during a backup", failed, "", 0, "", f"of {sum(one.requests for one in with_it)}"),
        Row(
            "the latest that a visitor came",
            max(lags),
            "ms",
            None,
            "",
            "the worst of all rounds: their generator's own",
        ),
    ]


def _rise(of: str, with_it: list[float], without: list[float], budget: float | None) -> Row:
    during, else_ = median(with_it), median(without)
    beside = f"{during:.1f} ms during one, {else_:.1f} ms without, {len(with_it)} rounds in turns"
    return Row(f"rise of {of} at {RATE}/s during a backup", 100 * (during / else_ - 1), "%", budget, "", beside)


def _project(place: Place, name: str, backup: dict[str, object]) -> Project:
    made = place.project(name, database={"kind": "postgresql"}, limits={"rate": "", "connections": 0})
    for secret, value in (("AWS_ACCESS_KEY_ID", KEY_ID), ("AWS_SECRET_ACCESS_KEY", KEY)):
        made.seawall("secret", "set", secret, input=value)
    made.configure(backup=backup)
    made.deploy()
    return made


def _fill(place: Place, database: str, rows: str, number: int) -> None:
    """With nothing left to do of it afterwards, which would be done while something else is measured."""
    table = f"DROP TABLE IF EXISTS big; CREATE TABLE big AS {rows} FROM generate_series(1, {number}) n"
    words = [word for sql in (table, "VACUUM ANALYZE big", "CHECKPOINT") for word in ("-c", sql)]
    place.host.run(["env", "--chdir=/", "runuser", "-u", "postgres", "--", "psql", "-qd", database, *words])


def _visited(plan: TrafficPlan, during: Callable[[], object]) -> Report:
    with TrafficProcess.start(plan) as visitors:
        os.sched_setscheduler(visitors.pid, os.SCHED_RR, os.sched_param(1))
        during()
        return visitors.stop()


@contextmanager
def _watched() -> Iterator[dict[str, float]]:
    """The peak memory (VmHWM, proc(5)), MB, of the job and of what it starts, on test hosts."""
    peaks: dict[str, float] = {}
    over = threading.Event()

    def watch() -> None:
        while not over.wait(0.05):
            for folder in Path("/proc").glob("[0-9]*"):
                name, peak = _peak(folder)
                peaks[name] = max(peaks.get(name, 0.0), peak)

    watching = threading.Thread(target=watch)
    watching.start()
    try:
        yield peaks
    finally:
        over.set()
        watching.join()


def _peak(folder: Path) -> tuple[str, float]:
    try:
        words = (folder / "cmdline").read_bytes().split(b"\0")
        if os.readlink(folder / "ns/pid") == os.readlink("/proc/self/ns/pid"):
            return "", 0.0
        lines = (folder / "status").read_text().splitlines()
    except OSError:
        return "", 0.0
    name = "agent" if b"/var/lib/seawall/agent.pyz" in words else os.path.basename(os.fsdecode(words[0]))
    return name, next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM:")), 0.0)
