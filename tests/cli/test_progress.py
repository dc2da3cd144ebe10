from __future__ import annotations

from collections.abc import Generator

import pytest
from rich.console import Console

from seawall.agent.vocabulary import Event
from seawall.cli.render import progress
from seawall.cli.render.lines import Line
from seawall.cli.render.progress import Live, Narrator, Plain, follow
from seawall.operations.events import Happening, Progress, Upload, note

from .golden import KEPT, assert_kept, text_of

APPLIED = "/srv/guestbook, /srv/guestbook/releases, /srv/guestbook/data, /srv/guestbook/state"


def step(name: str, state: str, text: str = "", seconds: float | None = None, host: str = "web1") -> Progress:
    return Progress(host, Event("step", name, state, text, seconds))


def output(name: str, text: str) -> Progress:
    return Progress("web1", Event("output", name, text=text))


DEPLOYMENT: list[Happening] = [
    Upload("web1", 0, 12_000, 4),
    Upload("web1", 6_000, 12_000, 4),
    Upload("web1", 12_000, 12_000, 4),
    step("applied", "start"),
    step("packages", "start", "nginx, libpq5"),
    Progress("web1", Event("output", text="Reading package lists...")),
    step("packages", "done", "nginx, libpq5", 12.34),
    step("directories", "done", APPLIED, 0.02),
    step("files", "done", "/etc/nginx/sites-available/seawall-guestbook.conf", 0.02),
    step("check nginx", "done", "nginx -t", 0.05),
    step("applied", "done", "", 12.5),
    step("staged", "done", "", 0.12),
    step("built", "start"),
    output("built", "flask==3.1"),
    step("built", "done", "", 75.4),
    step("migrated", "start"),
    output("migrated", "Running upgrade  -> 1a2b, add guests"),
    step("migrated", "done", "", 0.5),
    step("gated", "done", "", 0.66),
    Progress("web1", Event("note", "drained", text="2 connections were still open after 30 s and were ended")),
    step("drained", "done", "", 30.01),
]


def told(happenings: list[Happening], **settings: object) -> str:
    lines: list[Line] = []
    plain = Plain(Narrator("v13", clock=iter([0.0, 0.31]).__next__, **settings), lines.extend)  # type: ignore[arg-type]
    for happening in happenings:
        plain.hear(happening)
    return text_of(lines)


def test_a_deployment_in_plain_lines() -> None:
    assert_kept(KEPT / "progress.txt", told(DEPLOYMENT))


def test_each_host_is_named_when_there_are_several() -> None:
    assert told([step("staged", "done", "", 0.12)], several=True) == "web1: v13 staged 0.12 s\n"
    assert told([note("", "stopping")], several=True) == "stopping\n"


def test_the_words_of_a_migration_that_fails_are_left_to_its_error() -> None:
    text = told([output("migrated", "no such table"), step("migrated", "failed", "", 0.28)])
    assert text == "v13 migrated: failed after 0.28 s\n"


def test_hosts_that_migrate_and_build_at_once_keep_their_words_apart() -> None:
    text = told(
        [
            output("migrated", "of web1"),
            step("staged", "done", "", 1.0, host="web2"),
            step("migrated", "done", "", 1.0),
        ],
        several=True,
    )
    assert text == "web2: v13 staged 1.00 s\nweb1:     of web1\nweb1: v13 migrated 1.00 s\n"


def test_following_answers_what_the_work_answers_and_lets_its_errors_through() -> None:
    def work() -> Generator[Happening, None, str]:
        yield note("", "hello")
        return "v13"

    def broken() -> Generator[Happening, None, str]:
        yield note("", "hello")
        raise OSError("broken")

    lines: list[Line] = []
    plain = Plain(Narrator("v13"), lines.extend)
    assert follow(work(), plain) == "v13"
    with pytest.raises(OSError, match="broken"):
        follow(broken(), plain)
    assert [line.text for line in lines] == ["hello", "hello"]


def test_a_terminal_gets_the_same_lines_and_no_escape_of_a_program() -> None:
    bars = progress.live_bars()
    bars.live.console = console = Console(record=True, width=200, force_terminal=True, highlight=False)
    live = Live(Narrator("v13", clock=iter([0.0, 0.31]).__next__), bars)
    for happening in [*DEPLOYMENT, output("migrated", "\x1b[2J[bold]x"), step("migrated", "done", "", 0.5)]:
        live.hear(happening)
    text = console.export_text()
    assert "v13 staged 0.12 s" in text
    assert "\\x1b[2J[bold]x" in text
    assert {task.description for task in bars.tasks} == {"\\x1b[2J[bold]x"}
