"""Memory of an app with a model of 200 MB: several preloaded workers beside one."""

import sys
import urllib.request
from dataclasses import dataclass

from tests.hosts.product import Project

from bench.place import Place
from bench.serve import ground, own

MEGABYTES = 200
WORKERS = 4
#: So that every worker has looked at all of the model, most likely.
REQUESTS = 40


@dataclass(frozen=True)
class Model:
    """Megabytes of all processes of the app: one worker, and several."""

    one: float
    several: float


def run(place: Place, project: Project) -> Model:
    """Deploys the app with one worker and with several, and leaves it as it was."""
    print("measuring memory with a model …", file=sys.stderr)
    found = [_with_workers(place, project, number) for number in (1, WORKERS)]
    project.configure(server={"workers": None, "preload": None}, env={"BENCH_MODEL_MB": None})
    project.deploy()
    return Model(*found)


def _with_workers(place: Place, project: Project, number: int) -> float:
    project.configure(server={"workers": number, "preload": True}, env={"BENCH_MODEL_MB": MEGABYTES})
    project.deploy()
    for _ in range(REQUESTS):
        with urllib.request.urlopen(f"http://{place.host.address}/model", timeout=60) as answer:
            answer.read()
    return ground.memory(place.host, own.unit(project))
