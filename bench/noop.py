"""A deploy that has nothing to do costs about as much as reaching the host, however much there is to compare."""

from functools import partial

from tests.hosts.product import Project

from bench.place import Place
from bench.rows import Row, median
from bench.timing import Action, in_turns

FAR_LIMIT = 0.85  # seconds, at 50 ms round trip


def run(place: Place, rounds: int) -> list[Row]:
    there = place.host.run(["dpkg-query", "-W", "-f", "${Package}\n"]).stdout.split()
    projects = {
        "few files": place.project("few"),
        "40 files": place.project("forty", files=40),
        "400 files": place.project("many", files=400),
        "30 packages": place.project("packages", packages=there[:30]),
    }
    rows = []
    for where in ("near", "far"):
        with place.distances(where):
            rows += _rows(place, where, projects, rounds)
    return rows


def _rows(place: Place, where: str, projects: dict[str, Project], rounds: int) -> list[Row]:
    actions: dict[str, Action] = {"ssh": place.ssh_true}
    for name, project in projects.items():
        actions[name] = partial(place.seawall, project, "deploy", "--yes")
    taken = in_turns(actions, rounds)
    ssh = median(taken["ssh"])
    budget, rule = 1.3 * ssh + 0.15, "1.3 × ssh + 0.15 s"
    if where == "far" and budget > FAR_LIMIT:
        budget, rule = FAR_LIMIT, "at 50 ms"
    return [
        Row(
            f"no-op deploy, {where}, {name}",
            median(taken[name]),
            "s",
            budget,
            rule,
            f"ssh true {ssh:.3f} s",
            (*taken[name],),
        )
        for name in projects
    ]
