"""Changes of the live release: a redeploy of a one-line change, and a rollback."""

from collections.abc import Mapping
from dataclasses import dataclass

from tests.hosts.product import Project, visit

from bench.place import Place
from bench.rows import Row, median
from bench.start import seconds_to_start
from bench.timing import Action, in_turns

REDEPLOY = {"near": 1.2, "far": 1.6}  # seconds plus the app's start
ROLLBACK = {"near": 0.8, "far": None}


def redeploy(place: Place, rounds: int) -> list[Row]:
    """Each round changes one line; after the command has returned, one request must get the new version."""
    project = place.project("redeploy")
    line = _Line(place, project)
    return _measured(
        place, rounds, what="redeploy of one line", app="redeploy", action=line.change_and_deploy, budgets=REDEPLOY
    )


def rollback(place: Place, rounds: int) -> list[Row]:
    """Back and forth between two releases."""
    project = place.project("rollback")
    line = _Line(place, project)
    line.change_and_deploy()
    turning = _Turning(line)
    return _measured(place, rounds, what="rollback", app="rollback", action=turning.roll_back, budgets=ROLLBACK)


def _measured(
    place: Place, rounds: int, *, what: str, app: str, action: Action, budgets: Mapping[str, float | None]
) -> list[Row]:
    rows = []
    for where, budget in budgets.items():
        with place.distances(where):
            actions: dict[str, Action] = {
                "ssh": place.ssh_true,
                "start": lambda: seconds_to_start(place.host, app),
                what: action,
            }
            taken = in_turns(actions, rounds)
        ssh, start = median(taken["ssh"]), median(taken["start"])
        rows.append(
            Row(
                f"{what}, {where}",
                median(taken[what]),
                "s",
                None if budget is None else budget + start,
                "" if budget is None else f"{budget:g} s + the app's start",
                f"app's start {start:.3f} s, ssh true {ssh:.3f} s",
                (*taken[what],),
            )
        )
    return rows


@dataclass
class _Line:
    """The line that changes."""

    place: Place
    project: Project
    number: int = 0

    def change_and_deploy(self) -> float:
        self.project.edit("app.py", f'"version {self.number}"', f'"version {self.number + 1}"')
        self.number += 1
        taken = self.place.seawall(self.project, "deploy", "--yes")
        self.must_answer(self.number)
        return taken

    def must_answer(self, number: int) -> None:
        name = self.project.directory.parent.name
        answer = visit(self.place.host, domain=f"{name}.example.com").text
        if answer != f"version {number}":
            raise RuntimeError(f"the command has returned, and the site still answers {answer!r}")


@dataclass
class _Turning:
    """The last two releases, in turns."""

    line: _Line
    newer: bool = True

    def roll_back(self) -> float:
        self.newer = not self.newer
        number = self.line.number if self.newer else self.line.number - 1
        taken = self.line.place.seawall(self.line.project, "rollback", "--to", f"v{number + 1}")
        self.line.must_answer(number)
        return taken
