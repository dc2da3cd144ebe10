"""What happens on the hosts, told while it happens: as plain lines, or drawn on a terminal."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, TypeVar

from seawall.cli.render.lines import STYLES, Line, clean, count, seconds, size

if TYPE_CHECKING:
    from rich.progress import Progress as Bars
    from rich.progress import TaskID

    from seawall.agent.vocabulary import Event
    from seawall.operations.events import Happening, Progress, Upload

T = TypeVar("T")

#: Steps whose programs' words are shown when they are through. If a step fails, its error has the words.
OUTPUT_OF = ("migrated",)
#: Steps that can take minutes, and so are announced.
ANNOUNCED = {
    "packages": "installing",
    "uv": "installing",
    "built": "building",
    "saved": "saving the database before",
    "migrated": "migrating",
    "certificate": "asking for a certificate for",
    "database": "dumping the database",
    "folders": "saving the files",
}
#: Steps whose text is a list of names worth reading.
NAMING = ("packages", "users", "uv", "certificate", "database server", "databases")
#: Steps of what is done with an app's data: their text says what came of it.
OF_DATA = ("repository", "database", "folders", "redis", "manifest", "retention")
#: How much of what a program says right now is drawn, characters.
WIDEST = 60
#: How many names of changed things are worth a line.
MOST_NAMES = 3


class Teller(Protocol):
    """Tells of happenings, one after the other."""

    def hear(self, happening: Happening) -> None: ...


def follow(work: Generator[Happening, None, T], teller: Teller) -> T:
    """Do the work, tell what happens, and return what came of it. Raises what the work raises."""
    while True:
        try:
            happening = next(work)
        except StopIteration as end:
            result: T = end.value
            return result
        teller.hear(happening)


@dataclass
class Narrator:
    """Makes lines of happenings. ``release`` is the release they are about; hosts are named if there are several."""

    release: str
    several: bool = False
    clock: Callable[[], float] = time.monotonic
    _uploads: dict[str, float] = field(default_factory=dict)
    _output: dict[str, list[Line]] = field(default_factory=dict)

    def lines(self, happening: Happening) -> list[Line]:
        from seawall.operations.events import Upload

        told = self._upload(happening) if isinstance(happening, Upload) else self._event(happening)
        prefix = f"{happening.host}: " if self.several and happening.host else ""
        return [line._replace(text=prefix + line.text) for line in told]

    def _upload(self, upload: Upload) -> list[Line]:
        if upload.host not in self._uploads:
            self._uploads[upload.host] = self.clock()
        if upload.sent < upload.total or not upload.files:
            return []
        took = self.clock() - self._uploads.pop(upload.host)
        return [Line(f"{self.release} sent {count(upload.files, 'file')}, {size(upload.total)} {seconds(took)}")]

    def _event(self, progress: Progress) -> list[Line]:
        event = progress.event
        if event.kind == "note":
            return [Line(event.text, "careful")]
        kept = self._output.setdefault(progress.host, [])
        if event.kind == "output":
            kept += [Line(f"    {event.text}", "faint")] if event.step in OUTPUT_OF else []
            return []
        return self._step(event, self._output.pop(progress.host))

    def _step(self, event: Event, output: list[Line]) -> list[Line]:
        took = seconds(event.seconds) if event.seconds is not None else ""
        if event.state == "done":
            return [*output, Line(f"{self._what(event)} {took}".rstrip())]
        if event.state == "failed":
            return [Line(f"{self._what(event)}: failed after {took}", "bad")]
        return []

    def _what(self, event: Event) -> str:
        """A step of the release protocol, or one of the changes of the host before it."""
        number = len(event.text.split(", "))
        if event.step == "applied":
            return "host changed"
        if event.step == "saved":
            return "database saved before the migration"
        if event.step == "directories":
            return count(number, "directory", "directories")
        if event.step == "files":
            return count(number, "file")
        if event.step in (*NAMING, *OF_DATA):
            return f"{event.step}: {_shortened(event.text)}" if event.text else event.step
        return event.step if event.text else f"{self.release} {event.step}"


@dataclass
class Plain:
    """One line for each thing that is through; slow things are announced."""

    narrator: Narrator
    write: Callable[[list[Line]], None]

    def hear(self, happening: Happening) -> None:
        announced = _announced(happening)
        self.write(announced + self.narrator.lines(happening))


@dataclass
class Live:
    """The same lines, and below them what each host is doing right now."""

    narrator: Narrator
    bars: Bars
    _tasks: dict[str, TaskID] = field(default_factory=dict)

    def hear(self, happening: Happening) -> None:
        from rich.text import Text

        for line in self.narrator.lines(happening):
            style = STYLES[line.style]
            words = ["dim" if style.get("dim") else "", "bold" if style.get("bold") else "", style.get("fg", "")]
            self.bars.console.print(Text(clean(line.text), " ".join(filter(None, words))))
        self._draw(happening)

    def _draw(self, happening: Happening) -> None:
        from seawall.operations.events import Upload

        if isinstance(happening, Upload):
            text = f"sending {count(happening.files, 'file')}, {size(happening.sent)} of {size(happening.total)}"
            self.bars.update(
                self._task(happening.host), description=text, completed=happening.sent, total=happening.total or None
            )
        elif happening.event.state == "start":
            text = ANNOUNCED.get(happening.event.step, happening.event.step)
            self.bars.update(self._task(happening.host), description=text, completed=0, total=None)
        elif happening.event.kind == "output":
            self.bars.update(self._task(happening.host), description=clean(happening.event.text)[:WIDEST])

    def _task(self, host: str) -> TaskID:
        if host not in self._tasks:
            self._tasks[host] = self.bars.add_task("", total=None, host=host if self.narrator.several else "")
        return self._tasks[host]


def live_bars() -> Bars:
    """What is drawn on a terminal while hosts are at work; it leaves no trace."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    return Progress(
        SpinnerColumn(),
        TextColumn("{task.fields[host]} {task.description}", markup=False),
        BarColumn(bar_width=30),
        TimeElapsedColumn(),
        console=Console(stderr=True, highlight=False),
        transient=True,
    )


def teller(narrator: Narrator, write: Callable[[list[Line]], None], *, bars: Bars | None = None) -> Teller:
    """Drawn where there are bars to draw with, else plain."""
    return Live(narrator, bars) if bars is not None else Plain(narrator, write)


def drawn(bars: Bars | None) -> AbstractContextManager[object]:
    """The bars are on the terminal for the length of the block."""
    return bars if bars is not None else nullcontext()


def _announced(happening: Happening) -> list[Line]:
    from seawall.operations.events import Upload

    if isinstance(happening, Upload) or happening.event.state != "start":
        return []
    step = happening.event.step
    if step not in ANNOUNCED:
        return []
    text = f" {_shortened(happening.event.text)}" if happening.event.text else ""
    return [Line(f"{ANNOUNCED[step]}{text} …", "faint")]


def _shortened(text: str) -> str:
    names = text.split(", ")
    return text if len(names) <= MOST_NAMES else f"{', '.join(names[:MOST_NAMES])} and {len(names) - MOST_NAMES} more"
