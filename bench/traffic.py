"""Visitors during changes: 200 requests a second, and as many as the host can take."""

import re
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from tests.hosts.product import Project, certificate_file, visitor

from bench.place import Place
from bench.rows import Row, median
from seawall.traffic import Report, Request, TrafficPlan, TrafficProcess

RATE = 200  # requests a second
STALL = 100  # milliseconds above the slowest view
REST = 1.0  # seconds of traffic before and after a change
#: One in twenty asks for the slow view.
REQUESTS = (*[Request(path="/")] * 19, Request(path="/slow"))
WRK = {"threads": 1, "connections": 16}
NAME = "traffic"
DOMAIN = f"{NAME}.example.com"


def run(place: Place, rounds: int) -> list[Row]:
    # All of it comes from one address.
    project = place.project(NAME, limits={"rate": "", "connections": 0})
    slowest = _slowest_view(place)
    rows = []
    for what, change in _changes(project).items():
        reports = [_under_traffic(place, change) for _ in range(rounds)]
        rows += _rows(what, reports, slowest)
    return [*rows, *_at_rest(place, slowest), *_saturated(place, project, rounds)]


def _changes(project: Project) -> dict[str, Callable[[], object]]:
    """What is done to the site, each once a round."""
    numbers = iter(range(1, 10**6))

    def one_line() -> None:
        text = re.sub(r'"version \d+"', f'"version {next(numbers)}"', (project.directory / "app.py").read_text())
        project.write("app.py", text)
        project.deploy()

    def server_and_proxy() -> None:
        number = next(numbers)
        project.configure(server={"threads": 4 + number % 2}, proxy={"read_timeout": 60 + number})
        project.deploy()

    def there_and_back() -> None:
        one_line()
        project.seawall("rollback")

    return {
        "deploy": one_line,
        "change of server and proxy settings": server_and_proxy,
        "deploy and rollback": there_and_back,
        "restart": lambda: project.seawall("restart"),
    }


def _plan(place: Place) -> TrafficPlan:
    return TrafficPlan(
        f"https://{DOMAIN}/",
        rate=RATE,
        requests=REQUESTS,
        ca_file=str(certificate_file(place.host, place.folder)),
        resolve_to=place.host.address,
        mark=r"version (\d+)",
    )


def _under_traffic(place: Place, change: Callable[[], object]) -> Report:
    with TrafficProcess.start(_plan(place)) as traffic:
        time.sleep(REST)
        change()
        time.sleep(REST)
        return traffic.stop()


def _rows(what: str, reports: list[Report], slowest: float) -> list[Row]:
    asked = sum(report.requests for report in reports)
    stalls = [report.longest_stall_ms for report in reports]
    lag = max(report.generator_lag_ms for report in reports)
    return [
        Row(f"requests failed: {what}", sum(r.failed for r in reports), "", 0, "", f"of {asked} at {RATE}/s"),
        Row(
            f"longest stall: {what}",
            median(stalls),
            "ms",
            slowest + STALL,
            f"{STALL} ms + slowest view",
            f"view {slowest:.0f} ms, worst of {len(stalls)} {max(stalls):.0f} ms, generator's own lag {lag:.0f} ms",
            (*stalls,),
        ),
    ]


def _at_rest(place: Place, slowest: float) -> list[Row]:
    """The same load with nothing going on: what of the stalls is the machine's."""
    report = _under_traffic(place, lambda: time.sleep(2))
    beside = f"slowest view {slowest:.0f} ms, generator's own lag {report.generator_lag_ms:.0f} ms"
    return [Row("longest stall: nothing changes", report.longest_stall_ms, "ms", beside=beside)]


def _slowest_view(place: Place) -> float:
    """Milliseconds of the slow view, asked alone."""
    taken = []
    with visitor(place.host, DOMAIN) as client:
        for _ in range(11):
            begun = time.perf_counter()
            client.get("/slow").raise_for_status()
            taken.append(time.perf_counter() - begun)
    return 1000 * median(taken)


def _saturated(place: Place, project: Project, rounds: int) -> list[Row]:
    """As many requests as the host can take, while a release comes and goes back. wrk asks for an address in the
    handshake, and sites with names refuse that."""
    project.configure(domains=None)
    project.deploy()
    changes = _changes(project)
    seconds = 4 + 4 * rounds
    address = f"https://{place.host.address}/"
    command = [
        "wrk",
        f"-t{WRK['threads']}",
        f"-c{WRK['connections']}",
        f"-d{seconds}s",
        address,
    ]
    load = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    done = 0
    ends = time.monotonic() + seconds
    time.sleep(1)
    while time.monotonic() < ends - 4:
        changes["deploy and rollback"]()
        done += 1
    output = load.communicate()[0]
    failed = sum(int(n) for line in re.findall(r"Socket errors:.*", output) for n in re.findall(r"\d+", line))
    failed += sum(int(n) for n in re.findall(r"Non-2xx or 3xx responses: (\d+)", output))
    asked = re.search(r"(\d+) requests in", output)
    rate = re.search(r"Requests/sec:\s*([\d.]+)", output)
    beside = (
        f"of {asked[1] if asked else '?'} at {rate[1] if rate else '?'}/s during {done} deploys and as many rollbacks"
    )
    Path(place.folder, "wrk.txt").write_text(output)
    return [Row("requests failed: at saturation", failed, "", 0, "", beside)]
